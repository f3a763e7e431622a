"""An operator in the middle: many shops on one side, many insurers on the other, and nothing of a claim in between.

Rules: it routes by the clear header and by who issued the terminal's certificate, passes bytes on as they came, and
keeps packages only until their insurer answered. It has no key that opens, no key that signs for anybody, and takes
part in no signature: what it changes, invents, repeats or keeps back shows at one of the two ends. `README.md` beside
this file says what it sees and how each of its possible lies is noticed.
"""
