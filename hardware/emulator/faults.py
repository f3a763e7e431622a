"""Faults by name, and the virtual card that a profile with a fault makes.

Rules: a fault is text, `name` or `name:value`, so that a command line, a profile and a test spell it alike. Faults of
contents change the card's files; faults of conversation change what the card does with a command. All are repeatable:
garbage is always the same garbage.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from hardware.emulator.card import Answer, AtrOnlyCard, Mishap, VirtualCard, VirtualVitale
from hardware.emulator.image import identity_file, nir_file
from hardware.emulator.profiles import Profile, load_profile
from hardware.errors import CardProfileInvalid

REAL_BYTE_SECONDS = 0.0003
"""A Vitale 2 sends 38 400 bit/s, about 0.3 ms a byte."""


@dataclass(frozen=True)
class FaultKind:
    """One fault: what it does and the value it has when none is given."""

    about: str
    default: float


FAULTS = {
    "pulled": FaultKind("the card leaves instead of answering command number VALUE", 4),
    "mute": FaultKind("the card never answers again from command number VALUE on", 1),
    "slow": FaultKind("every answer takes VALUE seconds a byte", REAL_BYTE_SECONDS),
    "wrong_status": FaultKind("command number VALUE is answered 6F00", 4),
    "truncated": FaultKind("the NIR file ends in the middle of an object", 0),
    "counts_differ": FaultKind("the NIR file lacks the last holder", 0),
    "garbage": FaultKind("both files hold random bytes, made from seed VALUE", 1),
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
    if not 0 <= number < math.inf:
        raise CardProfileInvalid("a fault's value is a number, 0 or more", field="fault")
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
    return FaultyCard(card, chosen) if chosen else card


class FaultyCard:
    """A card around which the conversation goes wrong. Commands are counted from 1 at each reset."""

    def __init__(self, card: VirtualCard, fault: Fault) -> None:
        self._card = card
        self._fault = fault
        self._count = 0

    @property
    def atr(self) -> bytes:
        """See VirtualCard."""
        return self._card.atr

    def reset(self) -> None:
        """See VirtualCard."""
        self._count = 0
        self._card.reset()

    def respond(self, apdu: bytes) -> Answer | Mishap:
        """What the card does with one command, the fault included."""
        self._count += 1
        answer = self._card.respond(apdu)
        act = _CONVERSATION.get(self._fault.name)
        return act(answer, self._count, self._fault.value) if act else answer


def _pulled(answer: Answer | Mishap, count: int, value: float) -> Answer | Mishap:
    return Mishap.PULLED if count == value else answer


def _mute(answer: Answer | Mishap, count: int, value: float) -> Answer | Mishap:
    return Mishap.SILENT if count >= value else answer


def _slow(answer: Answer | Mishap, _count: int, value: float) -> Answer | Mishap:
    return answer if isinstance(answer, Mishap) else Answer(answer.data, len(answer.data) * value)


def _wrong_status(answer: Answer | Mishap, count: int, value: float) -> Answer | Mishap:
    return Answer(b"\x6f\x00") if count == value else answer


_CONVERSATION: dict[str, Callable[[Answer | Mishap, int, float], Answer | Mishap]] = {
    "pulled": _pulled,
    "mute": _mute,
    "slow": _slow,
    "wrong_status": _wrong_status,
}


def _card(profile: Profile, fault: Fault | None) -> VirtualCard:
    if profile.card == "atr_only":
        return AtrOnlyCard(profile.atr)
    identity, numbers = identity_file(profile), nir_file(profile)
    spoil = _CONTENTS.get(fault.name) if fault else None
    if fault and spoil:
        identity, numbers = spoil(profile, identity, numbers, fault.value)
    return VirtualVitale(profile.atr, identity, numbers, procedure=profile.answers == "procedure")


def _counts_differ(profile: Profile, identity: bytes, numbers: bytes, _value: float) -> tuple[bytes, bytes]:
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
