"""How many claims a second go the whole way, beside how many could be sealed in that time and nothing else.

Rules: the whole way is the headless demonstration: card, quote, signature, seal, durable queue, push in batches,
receipts verified, claims opened by the insurers. It is played with few and with many claims; the difference leaves out
what it costs to set the stage. The bare side seals the padded bytes of one claim with X-Wing again and again.
"""

import json
import subprocess
import sys
from time import perf_counter

from sync.crypto.sealing import OpeningKey, pad
from tests.benchmarks.sample import SealedClaims

SEAL_SECONDS = 1.0


def measure(few: int, many: int) -> dict[str, float]:
    """Claims a second of the whole way, seals a second, and the one over the other; `few` 0 leaves the stage in."""
    claims = (many - few) / (_played(many) - (_played(few) if few else 0))
    seals = _seals()
    return {"claims_per_second": claims, "seals_per_second": seals, "ratio": claims / seals}


def _played(count: int) -> float:
    command = [sys.executable, "-m", "terminal.cli", "demo", "--headless", "--json", "--claims", str(count)]
    start = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = perf_counter() - start
    if json.loads(done.stdout)["acknowledged"] != count:
        raise RuntimeError("the demonstration did not bring every claim through")
    return seconds


def _seals() -> float:
    key = OpeningKey.generate("xwing-hkdfsha256-aes256gcm").public
    padded, _ = pad(SealedClaims().next()[1].signed)
    sealed, start = 0, perf_counter()
    while (seconds := perf_counter() - start) < SEAL_SECONDS:
        key.seal(padded, b"benchmark")
        sealed += 1
    return sealed / seconds
