"""Faults by name, and the virtual card that a profile with a fault makes.

Rules: a fault is text, `name` or `name:value`, so that a command line, a profile and a test spell it alike. Faults of
contents change the card's files; faults of conversation change what the card does with a command. All are repeatable:
garbage is always the same garbage.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from hardware.emulator.card import Answer, AtrOnlyCard, Exchange, Mishap, Reply, VirtualCard, VirtualVitale
from hardware.emulator.egk import egk_card, insurance_file, personal_file
from hardware.emulator.image import identity_file, nir_file
from hardware.emulator.profiles import Profile, load_profile
from hardware.errors import CardProfileInvalid

Act = Callable[[Reply, int, float], Reply]
REAL_BYTE_SECONDS = 0.0003
"""A Vitale 2 sends 38 400 bit/s, about 0.3 ms a byte."""
STRANGERS = {"vitale_2": ("corse", "simple"), "egk": ("egk", "egk_enfant")}
"""Whose card comes in place of a card of this kind: the first profile that names others."""


@dataclass(frozen=True)
class FaultKind:
    """One fault: what it does, the value it has when none is given, and the least that makes sense."""

    about: str
    default: float
    least: int = 1


FAULTS = {
    "pulled": FaultKind("the card leaves instead of answering command number VALUE", 4),
    "swapped": FaultKind("instead of answering command number VALUE, another holder's card is in its place", 4),
    "mute": FaultKind("the card never answers again from command number VALUE on", 1),
    "slow": FaultKind("every answer takes VALUE seconds a byte", REAL_BYTE_SECONDS, 0),
    "wrong_status": FaultKind("command number VALUE is answered 6F00", 4),
    "truncated": FaultKind("the second file (NIR, insurance) ends in the middle", 0, 0),
    "counts_differ": FaultKind("a Vitale's NIR file lacks the last holder", 0, 0),
    "garbage": FaultKind("both files hold random bytes, made from seed VALUE", 1, 0),
}


@dataclass(frozen=True)
class Fault:
    """A fault with its value: a command number (from 1), seconds or a seed, by its name."""

    name: str
    value: float


def parse_fault(text: str) -> Fault:
    """The fault that `name` or `name:value` asks for; CardProfileInvalid when there is none such."""
    name, _, value = text.partition(":")
    if name not in FAULTS:
        raise CardProfileInvalid(f"no such fault; there are {', '.join(FAULTS)}", field="fault")
    try:
        number = float(value) if value else FAULTS[name].default
    except ValueError:
        number = math.nan
    if not FAULTS[name].least <= number < math.inf:
        raise CardProfileInvalid(f"the value of {name} is a number, {FAULTS[name].least} or more", field="fault")
    return Fault(name, number)


def make_card(what: str | Profile | VirtualCard, fault: str | None = None) -> VirtualCard:
    """The card that `what` means, with `fault` (else the profile's own, else none).

    `what` is a profile, its name, the path of its `.json` file, or a card already made (which faults of contents leave
    as it is). Raises CardProfileInvalid.
    """
    profile = load_profile(what) if isinstance(what, str) else what
    wanted = fault or (profile.fault if isinstance(profile, Profile) else None)
    chosen = parse_fault(wanted) if wanted else None
    card = _card(profile, chosen) if isinstance(profile, Profile) else profile
    return FaultyCard(card, chosen, _act(chosen, profile)) if chosen else card


class FaultyCard:
    """A card around which the conversation goes wrong. Commands are counted from 1 at each reset."""

    def __init__(self, card: VirtualCard, fault: Fault, act: Act | None) -> None:
        self._card = card
        self._fault = fault
        self._act = act
        self._count = 0

    @property
    def atr(self) -> bytes:
        """See VirtualCard."""
        return self._card.atr

    def reset(self) -> None:
        """See VirtualCard."""
        self._count = 0
        self._card.reset()

    def respond(self, apdu: bytes) -> Reply:
        """What the card does with one command, the fault included."""
        self._count += 1
        reply = self._card.respond(apdu)
        return self._act(reply, self._count, self._fault.value) if self._act else reply


def _act(fault: Fault, what: Profile | VirtualCard) -> Act | None:
    """What the fault does to an answer, None for a fault of contents."""
    if fault.name == "swapped":
        return partial(_swapped, _stranger(what))
    return _CONVERSATION.get(fault.name)


def _stranger(what: Profile | VirtualCard) -> VirtualCard:
    """A card of the same kind and answer to reset that names somebody else."""
    kind = what.card if isinstance(what, Profile) else "vitale_2"
    if kind not in STRANGERS:
        return AtrOnlyCard(what.atr)
    others = (load_profile(name) for name in STRANGERS[kind])
    known = (what.holders, what.insured) if isinstance(what, Profile) else None
    other = next(profile for profile in others if (profile.holders, profile.insured) != known)
    return _card(replace(other, atr=what.atr), None)


def _swapped(other: VirtualCard, reply: Reply, count: int, value: float) -> Reply:
    return Exchange(other) if count == value else reply


def _pulled(reply: Reply, count: int, value: float) -> Reply:
    return Mishap.PULLED if count == value else reply


def _mute(reply: Reply, count: int, value: float) -> Reply:
    return Mishap.SILENT if count >= value else reply


def _slow(reply: Reply, _count: int, value: float) -> Reply:
    return Answer(reply.data, len(reply.data) * value) if isinstance(reply, Answer) else reply


def _wrong_status(reply: Reply, count: int, value: float) -> Reply:
    return Answer(b"\x6f\x00") if count == value else reply


_CONVERSATION: dict[str, Act] = {
    "pulled": _pulled,
    "mute": _mute,
    "slow": _slow,
    "wrong_status": _wrong_status,
}


def _card(profile: Profile, fault: Fault | None) -> VirtualCard:
    if profile.card == "atr_only":
        return AtrOnlyCard(profile.atr)
    first, second = _files(profile)
    spoil = _CONTENTS.get(fault.name) if fault else None
    if fault and spoil:
        first, second = spoil(profile, first, second, fault.value)
    if profile.insured:
        return egk_card(profile.atr, profile.insured, first, second)
    return VirtualVitale(profile.atr, first, second, procedure=profile.answers == "procedure")


def _files(profile: Profile) -> tuple[bytes, bytes]:
    if profile.insured:
        return personal_file(profile.insured), insurance_file(profile.insured)
    return identity_file(profile), nir_file(profile)


def _counts_differ(profile: Profile, identity: bytes, numbers: bytes, _value: float) -> tuple[bytes, bytes]:
    if not profile.holders:
        return identity, numbers
    fewer = nir_file(replace(profile, holders=profile.holders[:-1]))
    return identity, fewer.ljust(len(numbers), b"\0")


def _truncated(_profile: Profile, identity: bytes, numbers: bytes, _value: float) -> tuple[bytes, bytes]:
    return identity, numbers.rstrip(b"\0")[:-2]


def _garbage(_profile: Profile, identity: bytes, numbers: bytes, seed: float) -> tuple[bytes, bytes]:
    source = random.Random(seed)  # noqa: S311 (repeatable noise, not a secret)
    return source.randbytes(len(identity)), source.randbytes(len(numbers))


_CONTENTS: dict[str, Callable[[Profile, bytes, bytes, float], tuple[bytes, bytes]]] = {
    "counts_differ": _counts_differ,
    "truncated": _truncated,
    "garbage": _garbage,
}
