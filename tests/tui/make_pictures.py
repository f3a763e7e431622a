"""Draws the screens: `python tests/tui/make_pictures.py [FOLDER]`.

Rules: the real application on chosen moments (`scenes`), at 100×30 and 80×24. Without FOLDER: the main screens as SVG
into tests/tui/pictures (the README shows them) and every screen as text into tests/tui/texts (a test compares them,
so that a change of a screen is seen in review). With FOLDER: all of it there, and as PNG too, to be looked at.
The font is the reader's own: nothing is fetched, and each word is pinned to its column.
"""

import asyncio
import html
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sync.contract.activation import ActivationCode
from terminal.workflow.types import Delivered, Person
from tests.tui.answered import answered
from tests.tui.playing import Hands, Player, playing
from tests.tui.scene_office import SceneOffice
from tests.tui.scene_setup import CODE, SceneSetup, questioned
from tests.tui.scenes import ASKED, LEO, MARIE, MOON, OFFLINE, ONLINE, PIN, STOPPED, TODAY, SceneCounter

HERE = Path(__file__).parent
FOREIGN = re.compile(r"@font-face\s*\{[^}]*\}\s*|<!--.*?-->\s*", re.DOTALL)
TEXT = re.compile(
    r'<text (?P<before>[^>]*?)x="(?P<x>[\d.]+)" (?P<y>y="[\d.]+") textLength="[\d.]+"(?P<after>[^>]*)>(?P<words>[^<]*)<'
)
COLUMN = 12.2
"""Width of a character in Rich's pictures, in their units."""
SIZES = ((100, 30), (80, 24))
CLASS_A = ("1211", "enter", "1")
CORRECTIONS = ("-125 -050 90", "enter", "-150", "enter")
CLASS_B = ("1211", "enter", "2", *CORRECTIONS, "120", "enter", "150", "enter")
UNKNOWN_TARIFF = ("1211", "enter", "1", "-525", "enter", "-5", "enter", "f10")
WRITTEN = ("1211", "enter", "2", "+2,00 (-3,00) 90° add 2", "enter", "plan (-0,50) 80", "enter", "120", "enter", "150")
RENEWED = ("1211", "down", "down", "01062025", "1", "1")
DELIVERED = (Delivered(TODAY - timedelta(days=200), "2026-0214", "0214"),)
OPEN_CODES = ("f9", "enter", "down", "enter")
AFTER = ("enter", "f10", "f12", "f9", "f2", "3", "4")
ENROL = ("f9", "3", "f2", "2", "enter")
LETTER_CODE = ActivationCode("0123456789ABCDEFGHJK").grouped()
PICTURED = (
    "lock", "home", "home-offline", "home-light", "claim", "claim-class-b", "claim-detail", "claim-offline",
    "claim-duplicate", "done", "queue", "follow-refused", "search-found", "help-home", "menu", "day", "insurers",
    "enrol", "data", "difference", "doctor", "setup-shop", "setup-paper", "requests", "request-codes", "ticket",
    "identify",
)  # fmt: skip


class Scene(NamedTuple):
    """A moment: its counter, and the keys that lead to it once the terminal is open."""

    counter: SceneCounter
    keys: Sequence[str] = ()
    theme: str = "sombre"
    locked: bool = False
    user: str = "1"
    office: SceneOffice = SceneOffice()


def answered_scenes() -> dict[str, Scene]:
    """Claims and agreements that came back."""
    return {
        "queue-answered": Scene(answered(), ("f4",)),
        "follow-refused": Scene(answered(), ("f4", "enter")),
        "follow-partial": Scene(answered(), ("f4", "down", "enter")),
        "follow-cancelling": Scene(answered(), ("f4", "down", "enter", "1")),
        "follow-agreed": Scene(answered(), ("f4", "down", "down", "enter")),
        "follow-expired": Scene(answered(), ("f4", "down", "down", "down", "enter")),
        "follow-paid": Scene(answered(), ("f4", "end", "enter")),
        "done-agreement": Scene(_with_card(MARIE), (*CLASS_A, "f9")),
    }


def office_scenes() -> dict[str, Scene]:
    """The back of the shop."""
    return {
        "menu": Scene(SceneCounter(wanted=ASKED), ("f9",)),
        "day": Scene(SceneCounter(), ("f12",), office=SceneOffice()),
        "day-closed": Scene(SceneCounter(), ("f12", "2", "f10"), office=SceneOffice(trouble="printer_missing")),
        "day-empty": Scene(SceneCounter(), ("f12",), office=SceneOffice(lines=())),
        "insurers": Scene(SceneCounter(), ("f9", "3", "end"), office=SceneOffice()),
        "enrol": Scene(SceneCounter(), (*ENROL, "ABCD1234", "0123-4567-89AB-CDEF-GHJK-A"), office=SceneOffice()),
        "enrol-again": Scene(SceneCounter(), (*ENROL, "ABCD1234", LETTER_CODE, LETTER_CODE[:9]), office=SceneOffice()),
        "enrol-nobody": Scene(SceneCounter(), ENROL[:3], office=SceneOffice(offered=())),
        "data": Scene(SceneCounter(), ("f9", "4"), office=SceneOffice()),
        "difference": Scene(SceneCounter(), ("f9", "4", "enter"), office=SceneOffice()),
        "difference-end": Scene(SceneCounter(), ("f9", "4", "enter", "end"), office=SceneOffice()),
        "doctor": Scene(SceneCounter(), ("f9", "5"), office=SceneOffice()),
    }


def finding_scenes() -> dict[str, Scene]:
    """The search, and the help pages."""
    return {
        "search": Scene(SceneCounter(), ("f3",)),
        "search-found": Scene(SceneCounter(), ("f3", "santé", "enter", "down")),
        "search-nothing": Scene(SceneCounter(), ("f3", "zzz", "enter")),
        "help-home": Scene(SceneCounter(), ("f1",)),
        "help-lock": Scene(SceneCounter(), ("f1",), locked=True),
        "help-queue": Scene(SceneCounter(), ("f4", "down", "down", "f1")),
        "help-claim-end": Scene(_with_card(MARIE), (*CLASS_A, "f1", "end")),
    }


def scenes() -> dict[str, Scene]:
    """The moments by name, each with a counter of its own."""
    return {
        **answered_scenes(),
        **finding_scenes(),
        **office_scenes(),
        "lock": Scene(SceneCounter(), locked=True),
        "home": Scene(SceneCounter()),
        "home-offline": Scene(SceneCounter(OFFLINE)),
        "home-light": Scene(SceneCounter(), theme="clair"),
        "claim-empty": Scene(_with_card(MARIE, LEO)),
        "claim": Scene(_with_card(MARIE, LEO), ("1", *CLASS_A)),
        "claim-light": Scene(_with_card(MARIE, LEO), ("1", *CLASS_A), theme="clair"),
        "claim-offline": Scene(_with_card(MARIE, offline=True), CLASS_A),
        "claim-birth": Scene(_with_card(MOON), ("f10",)),
        "claim-class-b": Scene(_with_card(MARIE), CLASS_B),
        "claim-tariff": Scene(_with_card(MARIE), UNKNOWN_TARIFF),
        "claim-written": Scene(_with_card(MARIE), WRITTEN),
        "claim-detail": Scene(_with_card(MARIE), (*WRITTEN, "f4")),
        "claim-detail-end": Scene(_with_card(MARIE), (*WRITTEN, "f4", "end")),
        "claim-early": Scene(_with_card(MARIE), RENEWED),
        "claim-duplicate": Scene(replace(_with_card(MARIE), earlier=DELIVERED), (*CLASS_A, "f10")),
        "identify": Scene(SceneCounter(), ("f2", "284057599900")),
        "done": Scene(_with_card(MARIE), (*CLASS_A, "f10")),
        "ticket": Scene(_with_card(MARIE), (*CLASS_A, "f10", "f9")),
        "queue": Scene(SceneCounter(), ("f4", "down", "down", "down")),
        "home-requests": Scene(SceneCounter(wanted=ASKED)),
        "requests": Scene(SceneCounter(wanted=ASKED), ("f9", "enter", "down")),
        "request-codes": Scene(SceneCounter(wanted=ASKED), OPEN_CODES),
        "request-date": Scene(SceneCounter(wanted=ASKED[2:]), ("f9", "enter", "enter")),
        "request-refusing": Scene(SceneCounter(wanted=ASKED), (*OPEN_CODES, "f7")),
        "request-staff": Scene(SceneCounter(wanted=ASKED), OPEN_CODES, user="2"),
        "queue-held": Scene(SceneCounter(), ("f4", "down", "down", "f9")),
        "queue-stopped": Scene(SceneCounter(STOPPED), ("f4", "f10")),
        "queue-rejected": Scene(SceneCounter(OFFLINE), ("f4", "f8")),
    }


def _with_card(*people: Person, offline: bool = False) -> SceneCounter:
    return SceneCounter(OFFLINE if offline else ONLINE, people=people, card_present=True)


async def lead_to(player: Player, scene: Scene) -> None:
    """Play the keys of a scene."""
    if scene.locked:
        player.press(*scene.keys)
        await player.settle()
        return
    await player.unlock(PIN, scene.user)
    if scene.counter.card_present:
        await player.claim_opens()
    for part in split_at(scene.keys, AFTER):
        player.press(*part)
        await player.settle()
    await player.settle()


def split_at(keys: Sequence[str], after: Collection[str]) -> list[Sequence[str]]:
    """The keys in parts, each ending with one of `after`: what it opens is read before the next part is pressed."""
    ends = [place + 1 for place, key in enumerate(keys) if key in after]
    return [keys[start:end] for start, end in pairwise((0, *ends, len(keys)))]


def setup_scenes() -> dict[str, Sequence[str]]:
    """The keys that lead to each step of the first start."""
    shop = ("Optique du Marché", "enter", "991000019", "enter")
    person = ("Camille D.", "enter", "2468", "enter", "2468", "enter")
    paper = ("f10", CODE.groups()[CODE.asked - 1], "enter")
    return {
        "setup-shop": shop[:3],
        "setup-person": (*shop, *person[:5]),
        "setup-paper": (*shop, *person),
        "setup-confirm": (*shop, *person, "f10", "ZZZZZ", "enter"),
        "setup-printer": (*shop, *person, *paper, "f6"),
        "setup-card": (*shop, *person, *paper, "f10", "f6"),
        "setup-make": (*shop, *person, *paper, "f10", "f10"),
    }


async def draw_setup(keys: Sequence[str], size: tuple[int, int]) -> tuple[str, str]:
    """A step of the first start as text and as SVG."""
    async with questioned(SceneSetup(), size=size) as hands:
        hands.press(*keys)
        await hands.settle()
        return hands.text(), picture_of(hands)


def picture_of(hands: Hands) -> str:
    """The screen as SVG, without anything to be fetched."""
    return TEXT.sub(pin_words, FOREIGN.sub("", hands.app.export_screenshot(title="Comptoir")))


async def draw(scene: Scene, size: tuple[int, int]) -> tuple[str, str]:
    """A scene as text and as SVG."""
    async with playing(scene.counter, theme=scene.theme, size=size, office=scene.office) as player:
        await lead_to(player, scene)
        return player.text(), picture_of(player)


def pin_words(text: re.Match[str]) -> str:
    """Each word at its own column: not every renderer keeps to the length that Rich gives a whole line."""
    start = float(text["x"])
    pinned = []
    for word in re.finditer(r"[^\s\u00a0]+", html.unescape(text["words"])):
        x = round(start + word.start() * COLUMN, 1)
        length = round(len(word.group()) * COLUMN, 1)
        where = f'{text["before"]}x="{x}" {text["y"]} textLength="{length}"{text["after"]}'
        pinned.append(f"<text {where}>{html.escape(word.group())}</text>")
    return "".join(pinned).removesuffix("</text>") + "<" if pinned else f"<text {text['before']}{text['y']}><"


def drawings() -> dict[str, Callable[[tuple[int, int]], Coroutine[None, None, tuple[str, str]]]]:
    """What draws each moment, anew: a moment is changed by being drawn."""
    counters = {name: partial(draw, scene) for name, scene in scenes().items()}
    return {**counters, **{name: partial(draw_setup, keys) for name, keys in setup_scenes().items()}}


def main(pictures: Path, texts: Path, *, everything: bool) -> None:
    """Draw the screens into these folders."""
    for folder in (pictures, texts):
        folder.mkdir(parents=True, exist_ok=True)
    for size, (name, drawing) in ((size, named) for size in SIZES for named in drawings().items()):
        title = f"{name}-{size[0]}x{size[1]}"
        text, picture = asyncio.run(drawing(size))
        (texts / f"{title}.txt").write_text(text + "\n", encoding="utf-8")
        if everything or name in PICTURED:
            (pictures / f"{title}.svg").write_text(picture, encoding="utf-8")
        if everything:
            convert(pictures / f"{title}.svg")


def convert(path: Path) -> None:
    """A PNG beside an SVG."""
    subprocess.run(["rsvg-convert", "-o", str(path.with_suffix(".png")), str(path)], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), Path(sys.argv[1]), everything=True)
    else:
        main(HERE / "pictures", HERE / "texts", everything=False)
