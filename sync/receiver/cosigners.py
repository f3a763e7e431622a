"""Asking witnesses to cosign a checkpoint (c2sp.org/tlog-witness), from the insurer's side.

Rules: a line is taken only from the witness that was asked, and only when it verifies; a witness that does not answer
in time is left alone for a while, because claims wait meanwhile; a witness that knows a larger log, or another one,
is an alarm (`log_shrunk`, `log_forked`) in the log of events, for a person. HTTP carries nothing secret here: what
counts is signed, so a plain connection is allowed.
"""

import http.client
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from sync.contract.envelope import StrictRecord
from sync.contract.profile import NoteVkey
from sync.crypto.tlog import NoteKey, Tree, read_note
from sync.crypto.tlog.checkpoint import number_in
from sync.crypto.tlog.notes import to_base64
from sync.errors import ContractError, LogForked, LogShrunk, SignatureInvalid, SyncError
from sync.eventlog import event

ANSWER_SECONDS: Final = 3.0
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
REST: Final = timedelta(seconds=30)
MAX_ANSWER: Final = 16_384
_OK: Final = 200
_CONFLICT: Final = 409
_FALSE: Final = 422


class WitnessAddress(StrictRecord, frozen=True, kw_only=True):
    """A witness and where it takes checkpoints; `add-checkpoint` follows the address."""

    vkey: NoteVkey
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[A-Za-z0-9.\-:\[\]]{1,200}(/[A-Za-z0-9._~/-]{0,200})?$(?!\n)")]


class Cosigners:
    """The witnesses of a log; `needed` is how many of them its profile promises."""

    def __init__(self, addresses: Sequence[WitnessAddress] = (), needed: int = 0) -> None:
        self._witnesses = [_Witness(NoteKey.parse(address.vkey), address.url) for address in addresses]
        self._needed = needed

    def enough(self, note: str) -> bool:
        """Whether as many witnesses cosigned this note as are promised."""
        return sum(_signed(note, witness.key) for witness in self._witnesses) >= self._needed

    def cosign(self, note: str, tree: Tree, now: datetime) -> str:
        """`note` with the lines of all witnesses that cosign it now, and those it had."""
        asked = [witness for witness in self._witnesses if now >= witness.rested and not _signed(note, witness.key)]
        if not asked:
            return note
        with ThreadPoolExecutor(len(asked)) as pool:
            return note + "".join(pool.map(lambda witness: witness.cosign(note, tree, now), asked))


@dataclass
class _Witness:
    key: NoteKey
    url: str
    size: int = 0
    rested: datetime = _NEVER

    def cosign(self, note: str, tree: Tree, now: datetime) -> str:
        """The witness's line over `note`; nothing when it gives none, and then it rests."""
        try:
            return self._asked(note, tree)
        except (OSError, http.client.HTTPException) as error:
            event("witness_unreachable", witness=self.key.name, error=type(error).__name__)
        except SyncError as error:
            event("witness_refused", witness=self.key.name, error=error.code)
        self.rested = now + REST
        return ""

    def _asked(self, note: str, tree: Tree) -> str:
        status, body = self._post(note, tree)
        if status == _CONFLICT:
            self.size = number_in(body.removesuffix("\n"))
            if self.size > tree.size:
                raise LogShrunk("the witness has seen a larger log", known=self.size, size=tree.size)
            status, body = self._post(note, tree)
        if status == _FALSE:
            raise LogForked("the witness has seen another log", size=tree.size)
        if status != _OK:
            raise ContractError("the witness did not cosign", status=status)
        if not _signed(f"{read_note(note).text}\n{body}", self.key):
            raise SignatureInvalid("the witness signed something else")
        self.size = tree.size
        return next(line for line in body.splitlines(keepends=True) if line.startswith(f"— {self.key.name} "))

    def _post(self, note: str, tree: Tree) -> tuple[int, str]:
        path = tree.consistency(self.size) if self.size <= tree.size else ()
        head = f"old {min(self.size, tree.size)}\n" + "".join(f"{to_base64(step)}\n" for step in path)
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", f"{head}\n{note}".encode())
            answer = connection.getresponse()
            return answer.status, answer.read(MAX_ANSWER).decode("utf-8", "replace")
        finally:
            connection.close()


def _signed(note: str, key: NoteKey) -> bool:
    return read_note(note).signed_by(key)
