"""What a run of the kit has: letters, the terminals enrolled with them, and what they hold.

Rules: one letter is enough; a second one enrols a second terminal (of any shop), a third is spent on wrong guesses.
What needs a letter that is not there is skipped and says so. No letter is shown in a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sync.conformance.enrolling import enrol
from sync.conformance.findings import Skipped
from sync.conformance.player import Player
from sync.conformance.wire import Reply
from sync.contract.activation import ActivationCode, parse_invitation
from sync.contract.enrolment import DirectoryEntry
from sync.errors import ContractError


@dataclass(frozen=True)
class Letter:
    """What a shop is given: the directory's entry, an invitation and its activation code."""

    entry: DirectoryEntry
    invitation: str
    code: ActivationCode = field(repr=False)


class Kit:
    """One run. Terminals are enrolled when a rule first needs them."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = tuple(letters)
        self.first = Player(letters[0].entry)
        self._second: Player | None = None
        self._tried = False

    @property
    def letter(self) -> Letter:
        """The first letter: the first terminal's."""
        return self.letters[0]

    @property
    def enrolled(self) -> Player:
        """The first terminal, enrolled now if it was not; Skipped when that failed."""
        if not self._tried:
            self.enrol()
        if not self.first.certificate:
            raise Skipped("the terminal could not be enrolled")
        return self.first

    def enrol(self) -> tuple[bytes, Reply]:
        """Enrol the first terminal with its letter: the request and its answer; Broken."""
        self._tried = True
        return enrol(self.first, self.letter.invitation, self.letter.code)

    def second(self) -> Player:
        """Another enrolled terminal; Skipped without a second letter."""
        if self._second is None:
            letter = self._letter(1, "a second letter (a second terminal)")
            self._second = Player(letter.entry)
            enrol(self._second, letter.invitation, letter.code)
        return self._second

    def guessed(self) -> Letter:
        """The letter that is spent on guesses; Skipped without a third one."""
        return self._letter(2, "a third letter (to be spent on guesses)")

    def close(self) -> None:
        """Close every connection."""
        for player in (self.first, self._second):
            if player is not None:
                player.hang_up()

    def _letter(self, place: int, what: str) -> Letter:
        if len(self.letters) <= place:
            raise Skipped(f"needs {what}")
        return self.letters[place]


def read_letter(path: Path, endpoint: str) -> Letter:
    """The letter in a file as `invite --json` prints it, reached at `endpoint`; ContractError."""
    try:
        told: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        entry = msgspec.convert({**told["directory"], "endpoint": endpoint}, DirectoryEntry)
        invitation, code = str(told["letter"]["invitation"]), str(told["letter"]["activation_code"])
    except (OSError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise ContractError("a letter holds `directory` and `letter`", file=path.name) from error
    return Letter(entry, parse_invitation(invitation), ActivationCode.parse(code))
