"""The emulated machine's screen as pixels: whether it shows text, whether it rests.

Rules: no picture is compared with a kept one: fonts and wording change, rest and light do not.
"""

import time

from tests.image.machine.emulated import PATIENCE, Machine


def settled(machine: Machine, name: str, still: int = 5) -> float:
    """Until a lit picture, with nothing under way, stays the same for `still` looks; kept as NAME.png.

    The seconds from the machine's start to the first of these looks.
    """
    last, same, since = b"", 0, 0.0
    limit = time.monotonic() + PATIENCE
    while same < still:
        now = machine.pixels()
        same = same + 1 if now == last and lit(now) and not busy(now) else 0
        if same == 0:
            since = time.monotonic()
        last = now
        if time.monotonic() > limit:
            raise AssertionError(f"the screen never settled: {name}\n{machine.console()[-6000:]}")
        time.sleep(1.0)
    machine.picture(name)
    return since - machine.began


def lit(pixels: bytes) -> bool:
    """Whether enough of a picture differs from its most usual colour to be a screen with text."""
    sample = pixels[::97]
    return len(sample) > 0 and sample.count(max(set(sample), key=sample.count)) < 0.985 * len(sample)


def busy(pixels: bytes) -> bool:
    """Whether the dot of something under way stands at the head of the last line but one."""
    width, top, left = 1280, 728, 12
    data = pixels[-3 * width * 800 :]
    rows = [data[3 * (width * (top + row) + left) : 3 * (width * (top + row) + left + 16)] for row in range(24)]
    return len(set(b"".join(rows))) > 1
