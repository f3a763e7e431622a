"""The questions of the first start: their order, what each accepts, what they come to.

Rules: pure; going back loses nothing that was typed; a step is left forwards only when it holds; nothing is written
anywhere. The recovery code is out of sight while a group of it is typed back, so that it comes from the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from terminal.tui.entry import EntryError
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form
from terminal.workflow.first_run import Begun, Paper, Plan, Stage, check_pin, check_shop

PIN_WIDTH = 12
GROUP_WIDTH = 5


class Step(StrEnum):
    """The steps; CONFIRM belongs to PAPER and is not counted."""

    SHOP = "shop"
    PERSON = "person"
    PIN = "pin"
    PAPER = "paper"
    CONFIRM = "confirm"
    PRINTER = "printer"
    CARD = "card"
    MAKE = "make"


_STEPS: Mapping[Stage, tuple[Step, ...]] = {
    Stage.SHOP: (Step.SHOP, Step.PERSON, Step.PAPER, Step.CONFIRM, Step.PRINTER, Step.CARD, Step.MAKE),
    Stage.PERSON: (Step.PERSON, Step.PAPER, Step.CONFIRM, Step.PRINTER, Step.CARD, Step.MAKE),
    Stage.PAPER: (Step.PIN, Step.PAPER, Step.CONFIRM, Step.MAKE),
}


class PinsDiffer(EntryError):
    """Two entries of a new PIN are not the same."""

    code = "entry_pins_differ"


class GroupDiffers(EntryError):
    """The group typed back is not the one on the paper."""

    code = "entry_group_differs"


class MissingShop(EntryError):
    """The shop has no name yet."""

    code = "missing_shop"


class MissingResponsible(EntryError):
    """The responsible person has no name yet."""

    code = "missing_responsible"


@dataclass
class Setup:
    """Where a person is, and what was answered."""

    begun: Begun
    paper: Paper = field(default_factory=Paper.new)
    place: int = 0
    forms: dict[Step, Form] = field(default_factory=lambda: {step: _form(step) for step in Step})

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of this installation."""
        return _STEPS[self.begun.stage]

    @property
    def step(self) -> Step:
        """The one in front."""
        return self.steps[self.place]

    @property
    def form(self) -> Form:
        """Its fields."""
        return self.forms[self.step]

    def counted(self) -> tuple[int, int]:
        """The number of the step in front, and of all of them."""
        counted = [step for step in self.steps if step is not Step.CONFIRM]
        shown = Step.PAPER if self.step is Step.CONFIRM else self.step
        return counted.index(shown) + 1, len(counted)

    def back(self) -> bool:
        """One step back; False on the first."""
        if self.place == 0:
            return False
        self.place -= 1
        return True

    def forward(self) -> None:
        """One step on, if this one holds; EntryError, DomainError or SyncError, with the cursor at what is wrong."""
        form = self.form
        try:
            _CHECKS.get(self.step, lambda _setup: None)(self)
        except Exception as error:
            where = _PLACES.get(str(getattr(error, "code", "")))
            if where in form.fields:
                form.go(str(where))
            raise
        self.place = min(self.place + 1, len(self.steps) - 1)

    def go(self, step: Step) -> None:
        """To a step of this installation."""
        self.place = self.steps.index(step)

    def plan(self) -> Plan:
        """All that was answered."""
        pin = self.forms[Step.PIN if self.begun.stage is Stage.PAPER else Step.PERSON]["pin"].text
        shop, person = self.forms[Step.SHOP], self.forms[Step.PERSON]
        return Plan(
            shop_name=self.begun.shop_name or shop["shop_name"].text.strip(),
            shop_am_id=shop["am_id"].text,
            person=self.begun.person or person["person"].text.strip(),
            pin=pin,
            printer=self.forms[Step.PRINTER]["printer"].text.strip(),
        )


def _form(step: Step) -> Form:
    fields = {
        Step.SHOP: [Field("shop_name", Kind.LINE, 34), Field("am_id", Kind.DIGITS, 9)],
        Step.PERSON: [
            Field("person", Kind.LINE, 34),
            Field("pin", Kind.SECRET, PIN_WIDTH),
            Field("pin_again", Kind.SECRET, PIN_WIDTH, blind=True),
        ],
        Step.PIN: [Field("pin", Kind.SECRET, PIN_WIDTH)],
        Step.CONFIRM: [Field("group", Kind.FREE, GROUP_WIDTH)],
        Step.PRINTER: [Field("printer", Kind.LINE, 34, longest=100)],
    }
    return Form(fields.get(step, [Field("nothing", Kind.CHOICE, 1)]))


def _check_shop(setup: Setup) -> None:
    form = setup.form
    if not form["shop_name"].text.strip():
        raise MissingShop
    check_shop(form["am_id"].text)


def _check_person(setup: Setup) -> None:
    form = setup.form
    if not form["person"].text.strip():
        raise MissingResponsible
    _check_pin(setup)
    if form["pin"].text != form["pin_again"].text:
        form["pin_again"].put("")
        raise PinsDiffer


def _check_pin(setup: Setup) -> None:
    check_pin(setup.form["pin"].text)


def _check_group(setup: Setup) -> None:
    if not setup.paper.agrees(setup.form["group"].text):
        setup.form["group"].put("")
        raise GroupDiffers


_CHECKS = {
    Step.SHOP: _check_shop,
    Step.PERSON: _check_person,
    Step.PIN: _check_pin,
    Step.CONFIRM: _check_group,
}
_PLACES = {
    "missing_shop": "shop_name",
    "am_id_invalid": "am_id",
    "missing_responsible": "person",
    "pin_invalid": "pin",
    "entry_pins_differ": "pin_again",
    "entry_group_differs": "group",
}
