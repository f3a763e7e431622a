"""All fuzz targets by name, and what each begins from.

Rule: a name is said once; `corpus.json` keeps what was found under it.
"""

from tests.fuzz import card_targets, scanner_targets

TARGETS = {**card_targets.TARGETS, **scanner_targets.TARGETS}


def seeds() -> dict[str, list[bytes]]:
    """For each target, inputs that good hardware makes."""
    return {**card_targets.seeds(), **scanner_targets.seeds()}
