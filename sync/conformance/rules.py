"""What a rule is, the list of all of them, and judging an implementation by them.

Rules: a rule is a function that returns when the rule is kept, raises Broken when it is not and Skipped when it cannot
be asked; its first line of documentation is what is reported. A rule that meets a line that fails is broken: the kit
is run against an implementation that is up.
"""

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from sync.conformance.findings import Broken, Skipped
from sync.conformance.kit import Kit
from sync.errors import SyncError

Question = Callable[[Kit], None]


@dataclass(frozen=True)
class Rule:
    """One rule: a stable id, the section of the contract, what it says, whether asking it is an attack."""

    id: str
    section: int
    says: str
    hostile: bool
    question: Question


@dataclass(frozen=True)
class Verdict:
    """One rule's outcome. `reason` says what was seen when it failed, or why it was skipped."""

    rule: Rule
    outcome: Literal["pass", "fail", "skip"]
    reason: str = ""


RULES: Final[list[Rule]] = []
"""Every rule, in the order in which they are asked."""


def rule(section: int, *, hostile: bool = False) -> Callable[[Question], Question]:
    """Register a function as the rule of its name and first line of documentation."""

    def register(question: Question) -> Question:
        _register(section, question.__name__, _first_line(question), hostile=hostile, question=question)
        return question

    return register


def each(section: int, variants: Mapping[str, Any], *, hostile: bool = True) -> Callable[[Any], Any]:
    """Register a function once for each variant, which it is called with; the variant's name ends id and sentence."""

    def register(question: Any) -> Any:
        for name, variant in variants.items():
            label = f"{question.__name__}.{name.replace(' ', '_')}"
            asked = partial(_with_variant, question, variant)
            _register(section, label, f"{_first_line(question)}: {name}", hostile=hostile, question=asked)
        return question

    return register


def judge_all(kit: Kit, only: Sequence[str] = ()) -> Iterator[Verdict]:
    """Ask every rule (whose id begins with one of `only`), in order; a verdict each, as soon as it is known."""
    for one in RULES:
        if not only or one.id.startswith(tuple(only)):
            yield _judged(one, kit)


def _judged(one: Rule, kit: Kit) -> Verdict:
    try:
        one.question(kit)
    except Skipped as skipped:
        return Verdict(one, "skip", str(skipped))
    except Broken as broken:
        return Verdict(one, "fail", str(broken))
    except SyncError as error:
        return Verdict(one, "fail", f"{error} ({error.code})")
    except (OSError, http.client.HTTPException) as error:
        return Verdict(one, "fail", f"the line failed: {type(error).__name__}")
    except Exception as error:
        return Verdict(one, "fail", f"an answer that cannot be read: {type(error).__name__}")
    return Verdict(one, "pass")


def _with_variant(question: Any, variant: Any, kit: Kit) -> None:
    question(kit, variant)


def _register(section: int, name: str, says: str, *, hostile: bool, question: Question) -> None:
    RULES.append(Rule(f"{section}.{name}", section, says, hostile, question))


def _first_line(question: Any) -> str:
    return str(question.__doc__).splitlines()[0].removesuffix(".")
