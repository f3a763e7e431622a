"""The first start at chosen moments: a `SetupPort` whose answers are its fields."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sync.crypto.recovery import RecoveryCode
from terminal.tui.setup_app import SetupApp
from terminal.workflow.first_run import Begun, Paper, Plan, SetupPort, Stage
from tests.tui.playing import Hands

CODE = Paper(RecoveryCode("0123456789ABCDEFGHJKMNPQ"), 2)
"""The paper of the scenes."""


@dataclass
class SceneSetup:
    """A terminal that is not there yet."""

    how_far: Begun = field(default_factory=lambda: Begun(Stage.SHOP))
    plugged: tuple[str, ...] = ()
    failure: Exception | None = None
    """What a trial or the making raises."""
    made: list[tuple[Plan, str]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def begun(self) -> Begun:
        """The chosen stage."""
        return self.how_far

    def printers(self) -> tuple[str, ...]:
        """The chosen ones."""
        return self.plugged

    def try_printer(self, address: str) -> None:
        """Remember it, and fail if so chosen."""
        self.tried.append(address)
        if self.failure is not None:
            raise self.failure

    def read_card(self) -> int:
        """Three people, or the chosen failure."""
        if self.failure is not None:
            raise self.failure
        return 3

    def make(self, plan: Plan, paper: Paper, step: Callable[[str], None] = lambda _name: None) -> None:
        """Remember the answers, or fail."""
        if self.failure is not None:
            raise self.failure
        self.made.append((plan, paper.code.symbols))
        step("done")


@asynccontextmanager
async def questioned(port: SetupPort, *, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Hands]:
    """The first start in front of a person; the paper of the scenes in the place of a random one."""
    app = SetupApp(port, port.begun(), "sombre")
    app.setup_page.setup.paper = CODE
    async with app.run_test(size=size) as pilot:
        hands = Hands(app, pilot)
        await hands.settle()
        yield hands
