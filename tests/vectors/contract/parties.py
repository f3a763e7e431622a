"""Who is in the test vectors: an insurer, a shop with two terminals, and their keys. None of them exists."""

from typing import Final

from tests.vectors.contract.drawn_keys import SUITES, Sealing, Signing

INSURER, CONVENTION, SHOP = "99999997", "OPTI", "759999991"
ORIGIN: Final = "https://insurer.example:8443"
GENESIS: Final = "0" * 64
RECEIVED: Final = "2026-11-22T12:00:00Z"

DEVICE, OTHER, SIGNER = Signing("device"), Signing("other device"), Signing("insurer")
RECIPIENTS: Final = {suite: Sealing(f"opener {suite}", suite) for suite in SUITES}
SHOP_KEY: Final = Sealing("shop", "xwing-hkdfsha256-aes256gcm")
