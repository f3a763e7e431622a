"""The reference insurer: intake (takes sealed claims, cannot open them) and opener (can), as two processes.

Rules: the intake never opens a file of the opener's folder; a receipt is answered only after its claim is durable; no
operation takes a person as input. It shares contract, crypto and the TLS policy with the terminal, nothing else.
"""
