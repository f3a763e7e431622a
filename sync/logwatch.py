"""Whether an insurer's log tells this shop one story, and holds the shop's claims.

Rules: a proof counts when it verifies wholly, enough witnesses cosigned (the insurer's choice in its signed profile,
and the shop's own in `witnesses.json`, if it has one), and its checkpoint continues the last one accepted of this log:
the path between the two is made from tiles that are believed only as far as they make both signed roots. A claim
whose proof does not count stays acknowledged and is asked about again.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from sync.contract.envelope import digest
from sync.contract.profile import NoteVkey, Profile
from sync.crypto.tlog import (
    Checkpoint,
    NoteKey,
    Policy,
    Quorum,
    Tile,
    Tree,
    checkpoint_in,
    read_note,
    read_proof,
    verify_consistency,
    verify_logged,
    verify_proof,
    verify_quorums,
)
from sync.errors import (
    ContractError,
    InsurerRefused,
    InsurerUnreachable,
    InsurerUntrusted,
    LogForked,
    LogShrunk,
    ProofInvalid,
    ProofMissing,
    SyncError,
    WitnessesMissing,
)
from sync.insurers import InsurerRecord
from sync.logbook import Findings, Head, KeptProof, LogBook, Trouble
from sync.queue import Row
from sync.trust import known_keys, profile_in, trusted_keys

ASK_AGAIN: Final = timedelta(minutes=2)
WITNESSES: Final = "witnesses.json"
SENT_ELSEWHERE: Final = "proof_elsewhere"
"""The code of a claim that another copy of this terminal sent."""
_LINE_ERRORS: Final = (InsurerUnreachable, InsurerRefused, InsurerUntrusted)

Fetch = Callable[[str], bytes]
"""The bytes of a log's file by its path under the log's prefix; InsurerUnreachable, InsurerRefused."""
Offered = Mapping[str, tuple[Row, str | None]]
"""By claim id: the row whose receipt verified, and the proof that came beside it."""


class _OwnWitnesses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    witnesses: tuple[NoteVkey, ...]
    quorum: int


def own_quorum(home: Path) -> Quorum | None:
    """The witnesses this shop wants besides the insurer's, from its home; None when it named none. ContractError."""
    try:
        stated = msgspec.json.decode((home / WITNESSES).read_bytes(), type=_OwnWitnesses)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError("witnesses.json cannot be read", file=WITNESSES) from error
    keys = tuple(NoteKey.parse(vkey) for vkey in stated.witnesses)
    if not 0 <= stated.quorum <= len(set(keys)):
        raise ContractError("a quorum is of different witnesses, at most all of them", file=WITNESSES)
    return Quorum(keys, stated.quorum)


def policy_of(profile: Profile, own: Quorum | None = None) -> Policy | None:
    """Whose signatures count for this insurer's log; None when it has none. KeyInvalid."""
    if profile.log is None:
        return None
    theirs = Quorum(tuple(NoteKey.parse(vkey) for vkey in profile.log.witnesses), profile.log.quorum)
    return Policy(NoteKey.parse(profile.log.key), (theirs, own) if own else (theirs,))


@dataclass(frozen=True)
class LogWatch:
    """The judge of proofs: what was kept so far, the enrolments, and the shop's own witnesses."""

    book: LogBook
    record_of: Callable[[str], InsurerRecord]
    own: Quorum | None = None
    _adopted: set[str] = field(default_factory=set, repr=False, compare=False)

    def judge(self, insurer: str, offered: Offered, fetch: Fetch, now: datetime) -> Findings:
        """What counts of the proofs that an insurer gave. Nothing is kept yet, and nothing is raised."""
        findings = Findings(insurer, now, now + ASK_AGAIN)
        try:
            policy = policy_of(self._profile(insurer, None), self.own)
        except SyncError as error:
            findings.missing.update(dict.fromkeys(offered, error.code))
            return findings
        if policy is not None:
            findings.profile = self.record_of(insurer).profile_jws
            findings.profile_digest = digest(findings.profile.encode("ascii"))
            _Judging(findings, policy, fetch, self.book.head(policy.log.name)).run(offered)
        return findings

    def adopt(self, insurer: str, now: datetime, *, settled: bool = False) -> None:
        """Ask for the proofs of acknowledged claims that nothing is known of: `settled` ones, or older than the log.

        All claims are read for it: once in a process, and after each settlement; not whenever the line is back.
        """
        with suppress(SyncError):
            if (settled or insurer not in self._adopted) and self._profile(insurer, None).log is not None:
                self.book.adopt(insurer, now)
                self._adopted.add(insurer)

    def unproved(self, now: datetime) -> dict[str, str]:
        """The claims with a receipt whose proof is late, or cannot come, by id with a code; cheap enough for a screen.

        An insurer whose profile names no log owes none.
        """
        found: dict[str, str] = {}
        for insurer in self.book.insurers():
            with suppress(SyncError):
                log = self._profile(insurer, None).log
                if log is not None:
                    found |= self.book.late(insurer, now - timedelta(hours=log.deadline_hours))
                    found |= dict.fromkeys(self.book.sent_elsewhere(insurer), SENT_ELSEWHERE)
        return found

    def check(self, row_of: Callable[[str], Row], now: datetime) -> "LogVerdict":
        """Judge again all that is kept, offline: proofs, checkpoints, the paths between them, what is late."""
        verdict, former = LogVerdict(), dict[str, Head]()
        for head in self.book.heads():
            self._check_head(verdict, head, former.get(head.origin))
            former[head.origin] = head
        for kept in self.book.proofs():
            self._check_proof(verdict, kept, row_of, now)
        verdict.elsewhere = [one for one, code in self.unproved(now).items() if code == SENT_ELSEWHERE]
        verdict.troubles += [f"{trouble.code} {trouble.origin}" for trouble in self.book.troubles()]
        return verdict

    def _check_proof(self, verdict: "LogVerdict", kept: KeptProof, row_of: Callable[[str], Row], now: datetime) -> None:
        try:
            profile = self._profile(kept.insurer, kept.profile)
            policy = policy_of(profile, self.own)
            if kept.proof is None or policy is None:
                hours = profile.log.deadline_hours if profile.log else 0
                late = now - kept.since > timedelta(hours=hours)
                (verdict.late if late else verdict.waiting).append(kept.claim_id)
                return
            checkpoint = verify_proof(bytes.fromhex(row_of(kept.claim_id).digest), kept.proof, policy)
            if verdict.heads.get((checkpoint.origin, checkpoint.size)) != checkpoint.root:
                raise ProofInvalid("the checkpoint is none that was accepted")
            verdict.proved += 1
        except WitnessesMissing:
            verdict.late.append(kept.claim_id)
        except SyncError:
            verdict.false.append(kept.claim_id)

    def _profile(self, insurer: str, kept: str | None) -> Profile:
        record = self.record_of(insurer)
        if kept is not None:
            return profile_in(known_keys(record), kept, insurer)
        return profile_in(trusted_keys(record), record.profile_jws, insurer)

    def _check_head(self, verdict: "LogVerdict", head: Head, former: Head | None) -> None:
        try:
            found = _checkpoint(head)
            policy = policy_of(self._profile(head.insurer, head.profile), self.own)
            if policy is None:
                raise ProofInvalid("the profile names no log")
            with suppress(WitnessesMissing):
                verify_quorums(head.checkpoint, policy)
            if former is not None:
                known = _checkpoint(former)
                verify_consistency(known.size, known.root, found.size, found.root, head.path)
            verdict.heads[found.origin, found.size] = found.root
        except SyncError as error:
            verdict.troubles.append(f"{error.code} {head.origin}")


@dataclass
class LogVerdict:
    """What an offline check found: claims by id, roots of checkpoints that hold, troubles of logs as `code origin`.

    `elsewhere`: another copy of this terminal sent them, so that no proof can come here; their receipts count.
    """

    proved: int = 0
    heads: dict[tuple[str, int], bytes] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


@dataclass
class _Judging:
    """One judgement: `head` moves forward with every checkpoint that is accepted."""

    findings: Findings
    policy: Policy
    fetch: Fetch
    head: Head | None

    def run(self, offered: Offered) -> None:
        """Judge each proof by itself, then the checkpoints they are against, from the smallest on."""
        notes: dict[str, Checkpoint] = {}
        proofs: dict[str, dict[str, str]] = {}
        for claim_id, (row, proof) in offered.items():
            try:
                found = _logged(row, proof, self.policy)
            except SyncError as error:
                self.findings.missing[claim_id] = error.code
            else:
                note = read_proof(proof or "").checkpoint
                notes[note] = found
                proofs.setdefault(note, {})[claim_id] = proof or ""
        for note in sorted(notes, key=lambda note: notes[note].size):
            self._judge(note, notes[note], proofs[note])

    def _judge(self, note: str, found: Checkpoint, proofs: dict[str, str]) -> None:
        """Accept the proofs against one checkpoint, or say for all of them why not.

        Whether it continues the log's past is judged before witnesses are counted: a fork has none to show.
        """
        try:
            path = self._continued(found)
            verify_quorums(note, self.policy)
        except (LogForked, LogShrunk) as error:
            trouble = Trouble(found.origin, error.code, self.findings.insurer, note, self.findings.at)
            self.findings.troubles.append(trouble)
            self.findings.missing.update(dict.fromkeys(proofs, error.code))
        except _LINE_ERRORS:
            self.findings.missing.update(dict.fromkeys(proofs, ProofMissing.code))
        except SyncError as error:
            self.findings.missing.update(dict.fromkeys(proofs, error.code))
        else:
            self.findings.proofs.update(proofs)
            if self.head is None or found.size > self.head.size:
                self.head = Head(found.origin, found.size, self.findings.insurer, note, path)
                self.findings.heads.append(self.head)

    def _continued(self, found: Checkpoint) -> tuple[bytes, ...]:
        """The path from the last accepted checkpoint to this one; LogShrunk, LogForked, ProofInvalid, line errors."""
        if self.head is None:
            return ()
        known = _checkpoint(self.head)
        if found.size < known.size:
            raise LogShrunk("smaller than before", known=known.size, size=found.size)
        if found.size == known.size:
            if found.root != known.root:
                raise LogForked("another tree of the same size", size=found.size)
            return ()
        tree = Tree(found.size, self._read)
        if tree.root() != found.root:
            raise ProofInvalid("the tiles are not those of the checkpoint")
        path = tree.consistency(known.size)
        try:
            verify_consistency(known.size, known.root, found.size, found.root, path)
        except ProofInvalid as error:
            raise LogForked("not a continuation", known=known.size, size=found.size) from error
        return path

    def _read(self, tile: Tile) -> bytes:
        try:
            return self.fetch(tile.path)
        except InsurerRefused:
            return self.fetch(Tile(tile.level, tile.index).path)


def _logged(row: Row, proof: str | None, policy: Policy) -> Checkpoint:
    if proof is None:
        raise ProofMissing("a receipt without a proof")
    return verify_logged(bytes.fromhex(row.digest), proof, policy)[0]


def _checkpoint(head: Head) -> Checkpoint:
    return checkpoint_in(read_note(head.checkpoint).text)
