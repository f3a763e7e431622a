"""The end of a home: first that nothing is lost by it, then that no key is left.

Rules: it ends when every claim has reached its insurer, or the insurer gave in writing the number and digest of the
last dispatch that it holds, and that is this terminal's last. What was never numbered no insurer can have. Judged and
erased under the store's write lock, so nothing is registered in between. A mark is left first; then the keys go,
overwritten, then the rest, the mark last: a cut leaves the home whole, or no key and the mark, and `is_keyless` then
says that the rest may go without being judged again.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sync.contract.envelope import GENESIS
from sync.crypto.keyslots import slots
from sync.durable import flush_folder, medium_errors, replace_file
from sync.errors import ClaimsUnreceived, ClaimsUnsent, HeadDiffers, KeyslotsInvalid
from sync.home import ROTATION, OpenHome, home_lock

BEGUN: Final = "reset-begun"
STATEMENT_TYP: Final = "comptoir-reset+jws"
_KEYSLOTS: Final = "keyslots.json"
_BOUND_TO: Final = "device"
_ZEROS: Final = 65_536

Step = Callable[[str], None]


@dataclass(frozen=True)
class Head:
    """The last dispatch of a chain: its number, and its digest (64 hexadecimal digits)."""

    seq: int
    digest: str


class _Erased(Exception):
    """Leaves the transaction without writing: its file is gone."""


def require_nothing_lost(home: OpenHome, heads: Mapping[str, Head]) -> None:
    """Whether this home may end; `heads`: what insurers gave in writing, by AMC number.

    ClaimsUnsent, ClaimsUnreceived (`insurer`, `claims`): they are not where they have to be. HeadDiffers: an insurer
    holds another chain than this one.
    """
    outbox, own = home.outbox, home.outbox.chains.heads()
    for insurer, head in sorted(heads.items()):
        if (head.seq, head.digest) != own.get(insurer, (0, GENESIS)):
            raise HeadDiffers("the insurer's last dispatch is not this terminal's", insurer=insurer, seq=head.seq)
    stopped = {one.insurer for one in outbox.chains.reconciling()}
    open_claims = outbox.unsettled()
    for insurer in sorted(stopped | open_claims.keys()):
        unsent, numbered = open_claims.get(insurer, (0, 0))
        if unsent:
            raise ClaimsUnsent("claims have not left this terminal", insurer=insurer, claims=unsent)
        if insurer not in heads:
            raise ClaimsUnreceived("the insurer has not confirmed all", insurer=insurer, claims=numbered)


def statement(home: OpenHome, now: datetime) -> dict[str, Any]:
    """What ended, for whoever has to prove it later: counts and chains, no person; signed by the device key."""
    told = {
        "schema": "comptoir/reset/v1",
        "device": home.signer.kid,
        "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "claims": dict(home.outbox.summary().states),
        "chains": {amc: {"seq": seq, "head": head} for amc, (seq, head) in home.outbox.chains.heads().items()},
    }
    return {
        **told,
        "signed": home.signer.sign(
            STATEMENT_TYP, json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii")
        ),
    }


def end_home(home: OpenHome, heads: Mapping[str, Head], accepted: Step, step: Step = lambda _: None) -> None:
    """Judge, tell `accepted`, and erase; nobody else may be at work on this home.

    HomeInUse: counter, service or an exchange of keys run. The errors of `require_nothing_lost`, StoreBusy: the home
    is whole. MediumFailed: it is erased as far as the medium let.
    """
    with ExitStack() as alone:
        for name in ("counter", "sync", ROTATION):
            alone.enter_context(home_lock(home.path, name))
        with suppress(_Erased), home.store.write():
            require_nothing_lost(home, heads)
            accepted("accepted")
            erase_home(home.path, step)
            raise _Erased


def is_keyless(path: Path) -> bool:
    """Whether an end was begun here and the keys are gone: nothing in this folder will ever be read again."""
    if not (path / BEGUN).exists():
        return False
    try:
        slots(path / _KEYSLOTS)
    except KeyslotsInvalid:
        return True
    return False


def erase_home(path: Path, step: Step = lambda _: None) -> None:
    """Erase all that is in the folder: the keys first, what says that an end was begun last; MediumFailed."""
    replace_file(path / BEGUN, b"")
    step("begun")
    with medium_errors():
        entries = sorted(path.iterdir(), key=lambda entry: (_turn(entry.name), entry.name))
        for entry in entries:
            if entry.name == BEGUN:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                _forget(entry, overwritten=_turn(entry.name) < _REST)
            step(entry.name)
        flush_folder(path)
        (path / BEGUN).unlink()
        flush_folder(path)
    step("ended")


_REST: Final = 2


def _turn(name: str) -> int:
    """Wrapped keys, then the secret that they were wrapped with, then all that only they opened."""
    plain = name.lstrip(".")
    return 0 if plain.startswith(_KEYSLOTS) else 1 if plain.startswith(_BOUND_TO) else _REST


def _forget(file: Path, *, overwritten: bool) -> None:
    if overwritten:
        descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.pwrite(descriptor, bytes(min(os.fstat(descriptor).st_size, _ZEROS)), 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    file.unlink(missing_ok=True)
    if overwritten:
        flush_folder(file.parent)
