"""What each question of the first start looks like."""

from terminal.i18n import text
from terminal.tui.form_rows import Cell, FormRow, Gap, Heading, Remark, Row
from terminal.tui.setup_steps import Setup, Step
from terminal.tui.spans import Role
from terminal.workflow.first_run import Stage


def setup_rows(setup: Setup, told: dict[Step, str]) -> list[FormRow]:
    """The rows of the step in front; `told`: what came of a trial on a step."""
    number, _ = setup.counted()
    rows: list[FormRow] = [Heading(number, text(f"setup.{setup.step}_title")), Gap()]
    rows += [Remark(text(key)) for key in _said(setup)]
    fields = _ROWS.get(setup.step)
    rows += [Gap(), *(fields(setup) if fields else [])]
    if setup.step in told:
        rows += [Gap(), Remark(told[setup.step], Role.STRONG)]
    return rows


def _said(setup: Setup) -> list[str]:
    """The sentences above the fields; an interrupted installation says so first."""
    said = [f"setup.{setup.step}_why", f"setup.{setup.step}_how"]
    if setup.place == 0 and setup.begun.stage is not Stage.SHOP:
        said.insert(0, f"setup.resumed_{setup.begun.stage}")
    return said


def _shop(_setup: Setup) -> list[FormRow]:
    return [
        Row(text("setup.shop_name"), (Cell("shop_name"),)),
        Row(text("setup.am_id"), (Cell("am_id"),), (text("setup.am_id_hint"),), Role.MUTED),
    ]


def _person(_setup: Setup) -> list[FormRow]:
    return [
        Row(text("setup.person"), (Cell("person"),)),
        Row(text("setup.pin"), (Cell("pin"),), (text("setup.pin_hint"),), Role.MUTED),
        Row(text("setup.pin_again"), (Cell("pin_again"),)),
    ]


def _pin(setup: Setup) -> list[FormRow]:
    return [Remark(setup.begun.person, Role.STRONG), Row(text("setup.pin"), (Cell("pin"),))]


def _paper(setup: Setup) -> list[FormRow]:
    code = "   ".join(setup.paper.groups())
    return [Remark(code, Role.STRONG), Gap(), Remark(text("setup.paper_careful"), Role.WARN)]


def _confirm(setup: Setup) -> list[FormRow]:
    return [Row(text("setup.group", number=setup.paper.asked), (Cell("group"),))]


def _printer(_setup: Setup) -> list[FormRow]:
    return [Row(text("setup.printer"), (Cell("printer"),)), Remark(text("setup.printer_forms"), Role.MUTED)]


def _make(setup: Setup) -> list[FormRow]:
    plan = setup.plan()
    shop = f"{plan.shop_name}  {plan.shop_am_id}".strip()
    return [
        Remark(f"{text('setup.shop_name'):<14}{shop}", Role.STRONG),
        Remark(f"{text('setup.person'):<14}{plan.person}", Role.STRONG),
        Remark(f"{text('setup.printer'):<14}{plan.printer or text('setup.no_printer')}", Role.STRONG),
    ]


_ROWS = {
    Step.SHOP: _shop,
    Step.PERSON: _person,
    Step.PIN: _pin,
    Step.PAPER: _paper,
    Step.CONFIRM: _confirm,
    Step.PRINTER: _printer,
    Step.MAKE: _make,
}
