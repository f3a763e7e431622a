"""The demonstration's hostile insurers: what each does, what the terminal says of it, and what stayed intact.

Rules: each takes the place of the first insurer, over real TLS, with that insurer's own signing key, because an
insurer may turn hostile with true keys; the second insurer stays as it is. After each the true one is back, a person
agrees where one is asked, and the claim has to arrive as the very bytes that were signed; only then is it told.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from sync.adversary.cases import CASES, Case
from sync.adversary.insurer import SimulatedInsurer
from sync.adversary.server import hostile_server
from sync.contract.envelope import GENESIS
from sync.crypto.signing import SigningKey
from sync.insurers import InsurerRecord
from sync.queue import Row
from terminal.cli.demo_insurers import DemoInsurer
from terminal.cli.demo_play import Stage, opened_as_signed, register_one
from terminal.cli.demo_service import Drained, drain
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.domain.claim import ClaimState
from terminal.domain.errors import DomainError
from terminal.i18n import error_text, text

SHOWN: Final = (
    "signed_by_a_stranger",
    "receipt_of_another_claim",
    "success_without_receipt",
    "redirected",
    "gzip_bomb",
    "one_gigabyte",
    "refused_by_a_stranger",
    "a_fork_that_nobody_signs",
    "busy_for_ten_years",
    "certificate_of_another_authority",
)
"""Those that are met when none is named: none of them takes long."""
NAMES: Final = tuple(name for name, case in CASES.items() if case.asked != "events")
_HEALING: Final = 3
"""Passes until the true insurer has all: one that finds the chain stopped, one that settles it, one that sends."""


class HostileUnknown(DomainError):
    """A hostile insurer was named that there is not; `name` and `names`."""

    code = "hostile_unknown"


@dataclass(frozen=True)
class Met:
    """One hostile insurer met: the code and the sentences of what was said, and what stayed."""

    name: str
    code: str
    reason: str
    state: str
    intact: bool
    beside: str
    arrived: bool


def named(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The hostile insurers to meet: none, those named, or the usual ones; HostileUnknown."""
    unknown = next((name for name in wanted or () if name not in NAMES), None)
    if unknown is not None:
        raise HostileUnknown("no such hostile insurer", name=unknown, names=", ".join(NAMES))
    return () if wanted is None else tuple(wanted) or SHOWN


def play_hostile(stage: Stage, names: Sequence[str]) -> Answer:
    """Meet these insurers one after the other, a claim for each and one beside it."""
    claims = [register_one(stage, number).claim_id for number in range(len(stage.insurers))]
    drain(stage.desk.home.path)
    met = [_meet(stage, name, claims) for name in names]
    states = [stage.desk.home.outbox.get(claim_id).state for claim_id in claims]
    arrived = states.count(ClaimState.ACKNOWLEDGED)
    opened, identical = opened_as_signed(stage, set(claims))
    stage.tell("hostile_over", cases=len(met), claims=len(claims), arrived=arrived, identical=identical)
    held = all(one.intact and one.arrived and one.beside == ClaimState.ACKNOWLEDGED for one in met)
    held = held and arrived == opened == identical == len(claims)
    figures = {"claims": len(claims), "acknowledged": arrived, "opened": opened, "identical": identical}
    data = {"ok": held, **figures, "cases": [asdict(one) for one in met], "steps": stage.told}
    return Answer(data, (), DONE if held else REFUSED)


def _meet(stage: Stage, name: str, claims: list[str]) -> Met:
    """One hostile insurer in the place of the first; its claim, and the one beside it, join `claims`."""
    home, case = stage.desk.home, CASES[name]
    truth = home.insurers.get(stage.insurers[0].amc)
    with hostile_server(case.shown) as server:
        server.reply = case.reply(_liar(stage, stage.insurers[0]), server)
        home.insurers.add(replace(truth, endpoint=server.endpoint, authority_pem=server.authority_pem))
        at_liar, beside = (register_one(stage, len(claims) + place).claim_id for place in (0, 1))
        before = home.outbox.get(at_liar)
        report = drain(home.path)
    claims += [at_liar, beside]
    row, other = home.outbox.get(at_liar), home.outbox.get(beside).state
    _heal(stage, truth)
    met = _judged(name, case, (before, row), (report.errors.get(truth.amc), other))
    met = replace(met, arrived=home.outbox.get(at_liar).state == ClaimState.ACKNOWLEDGED)
    facts = {"state": text(f"state.{met.state}"), "beside": text(f"state.{met.beside}"), "reason": met.reason}
    kept = text("cli.demo.hostile_intact" if met.intact and met.arrived else "cli.demo.hostile_lost")
    stage.tell("hostile_met", what=text(f"cli.hostile.{name}"), kept=kept, **facts)
    return met


def _judged(name: str, case: Case, rows: tuple[Row, Row], heard: tuple[str | None, str]) -> Met:
    """What became of the claim, from its row before and after, what the pass said, and the state beside it."""
    (before, row), (code, other) = rows, heard
    said = code or row.reason or row.last_error or ""
    same = (row.envelope, row.digest, row.receipt) == (before.envelope, before.digest, None)
    intact = same and row.state == case.state
    return Met(name, said, " ".join(error_text(said)), row.state, intact, other, arrived=False)


def _liar(stage: Stage, insurer: DemoInsurer) -> SimulatedInsurer:
    """An insurer with this one's key, which goes on from where this one's chain stands."""
    chains = stage.desk.home.outbox.chains
    last = chains.standing(insurer.amc).received
    key = SigningKey.from_bytes((insurer.folder / "intake" / "signing.key").read_bytes())
    after = last, chains.digest_at(insurer.amc, last) or GENESIS
    return SimulatedInsurer(insurer.amc, stage.desk.home.signer.public, key, after)


def _heal(stage: Stage, truth: InsurerRecord) -> Drained:
    """The true insurer is back; a person agrees where a chain was stopped."""
    home = stage.desk.home
    home.insurers.add(truth)
    for _ in range(_HEALING):
        report = drain(home.path)
        if not report.errors:
            break
        home.outbox.chains.allow()
    return report
