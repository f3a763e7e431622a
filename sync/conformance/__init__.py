"""A terminal that tries an insurer: every rule of the contract as a question to a running implementation.

Rules: it knows the contract and what a letter gives, and nothing of how the other side is made; each rule is judged
alone and named by the section of the contract it comes from; what is optional and absent is skipped with its reason,
never passed; the claims it sends are about nobody. It must not be run against an insurer that is in use: what it
sends is stored there for ever.
"""
