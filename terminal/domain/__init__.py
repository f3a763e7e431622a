"""What is true of optics and tiers payant whoever asks: money, identifiers, codes, rights, prices, claim states.

Rules of the room: no clock, no file, no library (but python-stdnum in `identifiers`); dates are arguments, money is
integer cents, lengths are hundredths of a dioptre. Errors carry a stable code and facts without personal data.
Start reading at `pricing.price_quote`. "SOURCE §n" in a docstring is that section of
`terminal/catalogue/data/SOURCE.md`.
"""
