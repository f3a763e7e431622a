"""A family, two insurers, the shop's models: what the pure models of the screens work on."""

from collections.abc import Callable

import pytest

from terminal.tui.claim_form import ClaimForm, Offer
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.workflow.types import Person
from tests.tui.scenes import LEO, MARIE, TODAY, SceneCounter

NAMED = {"enter", "tab", "up", "down", "backspace", "home", "end"}
Press = Callable[..., list[Outcome]]


@pytest.fixture
def counter() -> SceneCounter:
    """A counter that prices for real."""
    return SceneCounter()


@pytest.fixture
def begin(counter: SceneCounter) -> Callable[..., ClaimForm]:
    """A claim form for these people (the family when none is named)."""

    def form(*people: Person) -> ClaimForm:
        return ClaimForm(Offer(people or (MARIE, LEO), counter.insurers(), counter.models(), TODAY))

    return form


@pytest.fixture
def press() -> Press:
    """Type texts and named keys into a form."""

    def typed(form: Form, *keys: str) -> list[Outcome]:
        strokes = [
            stroke
            for key in keys
            for stroke in ([Stroke(key)] if key in NAMED else [Stroke(character, character) for character in key])
        ]
        return [form.press(stroke) for stroke in strokes]

    return typed
