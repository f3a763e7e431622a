"""How the receiver says no: a problem of the contract, raised where it is found and answered at the edge."""

from typing import ClassVar

from sync.contract.problems import ProblemCode, problem
from sync.errors import SyncError


class Refusal(SyncError):
    """Carries the problem document to answer with. `stored` and `received` are digests (hex) that disagree.

    `device` is the enrolled terminal it is about, where that is known; `retry_after` are seconds.
    """

    code: ClassVar[str] = "refused"

    def __init__(
        self,
        problem_code: ProblemCode,
        *,
        stored: str | None = None,
        received: str | None = None,
        device: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(problem_code)
        self.device = device
        self.retry_after = retry_after
        self.problem = problem(problem_code, stored=stored, received=received)
