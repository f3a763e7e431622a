"""A terminal's folder as it looks from outside: where it is, whether it is made, which theme its screens have.

Rules: standard library only, for the first screen waits for it; nothing here is believed: whoever opens the folder
judges all of it again.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

HOME: Final = "home.json"
CONFIG: Final = "config.json"
KEYSLOTS: Final = "keyslots.json"
UNDER_WAY: Final = "first-run"
"""There from before the account of a first start until after its recovery code."""
DARK: Final = "sombre"
"""The theme of a terminal whose owner has chosen none."""


def default_home() -> Path:
    """`$COMPTOIR_HOME`, else the platform's data folder (XDG base directory)."""
    if named := os.environ.get("COMPTOIR_HOME"):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "comptoir"


def looks_made(home: Path) -> bool:
    """Whether somebody can log in there, and no first start was cut short, as far as its files say."""
    slots = _read(home / KEYSLOTS).get("slots")
    kinds = [slot.get("kind") for slot in slots if isinstance(slot, dict)] if isinstance(slots, list) else []
    whole = all((home / name).is_file() for name in (HOME, CONFIG))
    return whole and "pin" in kinds and not (home / UNDER_WAY).exists()


def theme_of(home: Path) -> str:
    """The theme that its settings name."""
    return str(_read(home / CONFIG).get("theme", DARK))


def _read(path: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    return {}
