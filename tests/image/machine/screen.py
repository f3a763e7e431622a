"""The emulated machine's screen as pixels: whether it shows text, whether it rests.

Rules: no picture is compared with a kept one: fonts and wording change, rest and light do not.
"""

import time
from typing import Final

from tests.image.machine.emulated import PATIENCE, Machine

_WIDTH: Final = 1280
_HEIGHT: Final = 800
_BAND: Final = 48
"""Pixels: of a picture, and of its two first lines."""


def settled(machine: Machine, name: str, still: int = 5, unlike: bytes = b"") -> float:
    """Until a lit picture, with nothing under way, stays the same for `still` looks; kept as NAME.png.

    Below its band, where a clock goes, it must differ from the picture `unlike`: a busy machine may not have heard yet.

    The seconds from the machine's start to the first of these looks.
    """
    last, same, since = b"", 0, 0.0
    limit = time.monotonic() + PATIENCE
    while same < still:
        now = machine.pixels()
        same = same + 1 if now == last and lit(now) and not busy(now) and below(now) != below(unlike) else 0
        if same == 0:
            since = time.monotonic()
        last = now
        if time.monotonic() > limit:
            raise AssertionError(f"the screen never settled: {name}\n{machine.console()[-6000:]}")
        time.sleep(1.0)
    machine.picture(name)
    return since - machine.began


def below(pixels: bytes) -> bytes:
    """A picture without its two first lines."""
    return pixels[-3 * _WIDTH * (_HEIGHT - _BAND) :]


def lit(pixels: bytes) -> bool:
    """Whether enough of a picture differs from its most usual colour to be a screen with text."""
    sample = pixels[::97]
    return len(sample) > 0 and sample.count(max(set(sample), key=sample.count)) < 0.985 * len(sample)


def busy(pixels: bytes) -> bool:
    """Whether the dot of something under way stands at the head of the last line but one."""
    top, left = 728, 12
    data = pixels[-3 * _WIDTH * _HEIGHT :]
    rows = [data[3 * (_WIDTH * (top + row) + left) : 3 * (_WIDTH * (top + row) + left + 16)] for row in range(24)]
    return len(set(b"".join(rows))) > 1
