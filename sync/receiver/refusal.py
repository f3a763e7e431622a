"""How the receiver says no: a problem of the contract, raised where it is found and answered at the edge."""

from typing import ClassVar

from sync.contract.problems import ProblemCode, problem
from sync.errors import SyncError


class Refusal(SyncError):
    """Carries the problem document to answer with. `stored` and `received` are digests (hex) that disagree."""

    code: ClassVar[str] = "refused"

    def __init__(self, problem_code: ProblemCode, *, stored: str | None = None, received: str | None = None) -> None:
        super().__init__(problem_code)
        self.problem = problem(problem_code, stored=stored, received=received)
