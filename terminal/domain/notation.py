"""What is written on a prescription, read as it is written: "OD +2,00 (-3,00) 90° add 2,00  OG plan".

Rules: either sign of cylinder, comma or point, "plan", the axis before or after the cylinder (its degree sign may be
missing after it), addition and prism with its base; a power needs its sign (zero apart), for a sign that is guessed is
a wrong code. What is not understood, said twice or off the quarter-dioptre grid is refused with its place, and nothing
of the text is repeated: it is health data. The addition and the prism choose no code; the caller decides what they
mean. Source: usage of French prescriptions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from terminal.domain.errors import CorrectionOutOfRange, CorrectionUnreadable
from terminal.domain.prescription import STEP, Correction

Side = Literal["right", "left", "unnamed"]

MAX_TEXT: Final = 200
ADDITION_LIMIT: Final = 600
PRISM_LIMIT: Final = 3000
FULL_TURN: Final = 180

_NUMBER: Final = r"\d{1,2}(?:[.,]\d{1,3})?(?![\d.,]*\d)"
_SIGNED: Final = rf"[+-]\s*{_NUMBER}"
_AXIS: Final = r"\d{1,3}"
_PRISM_BASE: Final = r"(?:int|nas|ext|temp|sup|inf)[a-zé]*\.?|haut|bas"
_TOKENS: Final = tuple(
    (name, re.compile(pattern, re.ASCII | re.IGNORECASE))
    for name, pattern in (
        ("gap", r"[\s;:,/=]+"),
        ("both", r"(?:odg|deux yeux)\b"),
        ("right", r"(?:od|œil droit|oeil droit)(?![a-zé])"),
        ("left", r"(?:og|œil gauche|oeil gauche)(?![a-zé])"),
        ("addition", rf"add(?:ition)?\.?\s*[:=]?\s*\+?\s*(?P<power>{_NUMBER})"),
        ("prism", rf"prisme?\s*[:=]?\s*(?P<power>{_NUMBER})\s*(?:∆|Δ|d\b)?\s*(?:base|b\.?)\s*(?P<base>{_PRISM_BASE})"),
        ("axis_cylinder", rf"\(\s*(?P<axis>{_AXIS})\s*°\s*(?P<power>{_SIGNED})\s*\)"),
        ("cylinder_axis", rf"\(\s*(?P<power>{_SIGNED})\s*(?:à|a|x|axe)?\s*(?P<axis>{_AXIS})\s*°?\s*\)"),
        ("cylinder", rf"\(\s*(?P<power>{_SIGNED})\s*\)|cyl(?:indre)?\.?\s*(?P<named>{_SIGNED})"),
        ("axis", rf"(?:à|a|x|axe)\s*(?P<axis>{_AXIS})(?!\d)\s*°?|(?P<degrees>{_AXIS})\s*°"),
        ("plano", r"(?:sph(?:[eè]re)?\.?\s*)?(?:plano?|pl)(?![a-zé])"),
        ("sphere", rf"sph(?:[eè]re)?\.?\s*(?P<power>{_SIGNED})"),
        ("power", rf"(?P<power>{_SIGNED}|0(?:[.,]0+)?(?![\d.,]*\d))"),
        ("bare_axis", rf"(?P<axis>{_AXIS})(?![\d.,]*\d)"),
        ("unsigned", r"\d"),
    )
)
_SIGNS: Final = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "º": "°", "\u00a0": " ", "\u202f": " "})


@dataclass(frozen=True, slots=True)
class Prism:
    """A prism in hundredths of a prism dioptre and the direction of its base, as written."""

    power: int = field(repr=False)
    base: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrittenEye:
    """One eye as it is written: hundredths of a dioptre, axis in degrees (1 to 180). Only memory ever holds it."""

    correction: Correction = field(repr=False)
    axis: int | None = field(default=None, repr=False)
    addition: int | None = field(default=None, repr=False)
    prism: Prism | None = field(default=None, repr=False)

    def plus_cylinder(self) -> "WrittenEye":
        """The same eye with a positive cylinder, the axis turned by a quarter where the cylinder changed its sign."""
        plus = self.correction.plus_cylinder()
        if plus == self.correction:
            return self
        axis = None if self.axis is None else (self.axis + FULL_TURN // 2 - 1) % FULL_TURN + 1
        return WrittenEye(plus, axis, self.addition, self.prism)

    def text(self) -> str:
        """The powers as a prescription has them, `−1,00 (+3,00) 180°`, with true minus signs."""
        sphere = power_text(self.correction.sphere)
        if not self.correction.cylinder:
            return sphere
        axis = "" if self.axis is None else f" {self.axis}°"
        return f"{sphere} ({power_text(self.correction.cylinder)}){axis}"


def power_text(hundredths: int) -> str:
    """A power with its sign and a decimal comma; `0,00` has no sign."""
    sign = "" if not hundredths else ("+" if hundredths > 0 else "−")
    return f"{sign}{abs(hundredths) // 100},{abs(hundredths) % 100:02}"


def read_written(text: str) -> Mapping[Side, WrittenEye]:
    """The eyes in `text`: right and left where they are named (OD, OG, ODG), else the one eye under "unnamed".

    Raises CorrectionUnreadable with the place, or CorrectionOutOfRange for a power off the grid or the limits.
    """
    if len(text) > MAX_TEXT:
        raise _unreadable(MAX_TEXT, "too_long")
    clean = text.translate(_SIGNS)
    eyes: dict[Side, _Eye] = {}
    current: tuple[Side, ...] = ("unnamed",)
    for name, match in _tokens(clean):
        if name in ("right", "left", "both"):
            current = _named(eyes, name, match.start())
            continue
        for side in current:
            eyes.setdefault(side, _Eye()).take(name, match)
    if not eyes or ("unnamed" in eyes and len(eyes) > 1):
        raise _unreadable(1, "eye" if eyes else "empty")
    return {side: eye.written(len(clean)) for side, eye in eyes.items()}


def _tokens(clean: str) -> list[tuple[str, re.Match[str]]]:
    """The words of the text with their kind, gaps left out; each place must be understood."""
    found, position = [], 0
    while position < len(clean):
        name, match = _token(clean, position)
        if name == "unsigned":
            raise _unreadable(position + 1, "sign")
        if name != "gap":
            found.append((name, match))
        position = match.end()
    return found


def _token(clean: str, position: int) -> tuple[str, re.Match[str]]:
    for name, pattern in _TOKENS:
        if match := pattern.match(clean, position):
            return name, match
    raise _unreadable(position + 1, "word")


def _named(eyes: "Mapping[Side, _Eye]", name: str, start: int) -> tuple[Side, ...]:
    """The eyes that the next words are about; each is named once."""
    sides: dict[str, tuple[Side, ...]] = {"right": ("right",), "left": ("left",), "both": ("right", "left")}
    if any(side in eyes for side in sides[name]):
        raise _unreadable(start + 1, "twice")
    return sides[name]


class _Eye:
    """The words about one eye as they come; each thing is said once."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}
        self._prism: Prism | None = None

    def take(self, name: str, match: re.Match[str]) -> None:
        """Keep what one word says."""
        groups = match.groupdict()
        power = groups.get("power") or groups.get("named")
        axis = groups.get("axis") or groups.get("degrees")
        if name == "bare_axis" and ("cylinder" not in self._said or "axis" in self._said):
            raise _unreadable(match.start() + 1, "sign")
        if name == "prism":
            self._prism = Prism(_within("prism", _hundredths(str(power)), PRISM_LIMIT), str(groups["base"]))
        if axis is not None:
            self._say("axis", int(axis), match)
        if power is not None or name == "plano":
            self._say(self._meant(name), _hundredths(power or "0"), match)

    def written(self, end: int) -> WrittenEye:
        """The eye, once all was said; a missing sphere or an axis without its cylinder is refused."""
        said = self._said
        if "sphere" not in said:
            raise _unreadable(end, "sphere")
        if "axis" in said and not (1 <= said["axis"] <= FULL_TURN or said["axis"] == 0):
            raise _unreadable(end, "axis")
        if "axis" in said and "cylinder" not in said:
            raise _unreadable(end, "cylinder")
        addition = said.get("addition")
        if addition is not None:
            _within("addition", addition, ADDITION_LIMIT)
        axis = FULL_TURN if said.get("axis") == 0 else said.get("axis")
        return WrittenEye(Correction(said["sphere"], said.get("cylinder", 0)), axis, addition, self._prism)

    def _meant(self, name: str) -> str:
        """The second bare power is the cylinder."""
        if name == "power":
            return "cylinder" if "sphere" in self._said else "sphere"
        return {"plano": "sphere", "cylinder_axis": "cylinder", "axis_cylinder": "cylinder"}.get(name, name)

    def _say(self, what: str, value: int, match: re.Match[str]) -> None:
        if what in self._said:
            raise _unreadable(match.start() + 1, "twice")
        self._said[what] = value


def _hundredths(power: str) -> int:
    """A written power as hundredths; CorrectionOutOfRange for a finer one."""
    exact = Decimal("".join(power.split()).replace(",", ".")) * 100
    if exact != int(exact):
        raise CorrectionOutOfRange("finer than a hundredth", field="power", reason="grid", step=STEP)
    return int(exact)


def _within(name: str, value: int, limit: int) -> int:
    if value % STEP or not STEP <= value <= limit:
        reason = "grid" if value % STEP else "limit"
        raise CorrectionOutOfRange(f"{name} is off the {reason}", field=name, reason=reason, step=STEP, limit=limit)
    return value


def _unreadable(position: int, reason: str) -> CorrectionUnreadable:
    return CorrectionUnreadable("not understood", position=position, reason=reason, accepted="+2,00 (-3,00) 90°")
