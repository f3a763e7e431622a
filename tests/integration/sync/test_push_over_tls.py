"""A terminal and an insurer over real TLS: enrolment, one claim, many claims, the same bytes twice, other bytes."""

import json
from collections.abc import Callable

import msgspec
import pytest

from sync.contract.envelope import DISPATCH_TYP, Dispatch, Envelope, Package, decode, digest, encode
from sync.contract.message import Beneficiary
from sync.errors import ActivationCodeInvalid, ClaimExists, InsurerRefused
from sync.receipts import verify_receipt
from sync.trust import profile_in, trusted_keys
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC


def test_a_letter_enrols_a_terminal(terminal: Terminal, insurer: Insurer) -> None:
    """After enrolment the terminal holds keys and profile signed by the key of the directory, and reads its state."""
    record = terminal.enrol(insurer)
    keys = trusted_keys(record)
    with terminal.client(AMC) as client:
        client.health()
        state = client.state()
        assert (client.keys(), client.profile()) == (record.keys_jws, record.profile_jws)
    assert profile_in(keys, record.profile_jws, AMC).code_level == "lpp"
    assert (state.device, state.seq, state.missing) == (terminal.home.signer.kid, 0, ())


def test_a_wrong_code_enrols_nobody(terminal: Terminal, insurer: Insurer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped code is noticed before anything is sent; a wrong one is refused; nothing is kept of either."""
    invitation = insurer.invite()
    other = insurer.invite()["letter"]["activation_code"]
    code = invitation["letter"]["activation_code"]
    mistyped = code[:-1] + ("1" if code[-1] != "1" else "2")
    for letter, problem in ((mistyped, ActivationCodeInvalid), (other, InsurerRefused)):
        invitation["letter"]["activation_code"] = letter
        monkeypatch.setattr(insurer, "invite", lambda: invitation)
        with pytest.raises(problem):
            terminal.enrol(insurer)
    assert terminal.home.insurers.all() == ()


def test_one_claim_arrives_as_it_was_signed(enrolled: Terminal, insurer: Insurer) -> None:
    """A claim alone goes by PUT; its receipt verifies; the opener reads exactly the bytes that the shop signed."""
    (claim_id,) = enrolled.register(AMC)
    report = enrolled.drain()
    row = enrolled.home.outbox.get(claim_id)
    receipt = verify_receipt(
        row, row.receipt or "", trusted_keys(enrolled.home.insurers.get(AMC)), enrolled.home.signer.kid
    )
    opened = {claim["claim_id"]: claim for claim in insurer.claims()}[claim_id]
    assert (report.pushed, report.verified, report.duplicates, report.errors) == (1, 1, 0, {})
    assert (row.state, receipt.seq) == ("acknowledged", 1)
    assert opened["signed_sha256"] == enrolled.signed[claim_id]


def test_many_claims_arrive_once(enrolled: Terminal, insurer: Insurer) -> None:
    """More claims than one batch holds arrive each once, in the order of their numbers."""
    ids = enrolled.register(AMC, 120)
    report = enrolled.drain()
    opened = [claim for claim in insurer.claims() if claim["device"] == enrolled.home.signer.kid]
    with enrolled.client(AMC) as client:
        state = client.state()
    assert (report.pushed, report.acknowledged, report.duplicates) == (120, 120, 0)
    assert [claim["claim_id"] for claim in opened] == ids
    assert {claim["claim_id"]: claim["signed_sha256"] for claim in opened} == enrolled.signed
    assert (state.seq, state.missing) == (120, ())
    assert set(enrolled.states()) == {"acknowledged"}


def test_the_same_bytes_twice_are_one_claim_and_one_receipt(enrolled: Terminal, insurer: Insurer) -> None:
    """Alone, in a batch or alone again: the same package gets the same receipt, and is stored once."""
    packages = [enrolled.package(claim_id) for claim_id in enrolled.register(AMC, 2)]
    with enrolled.client(AMC) as client:
        first = client.push(packages[:1])
        both = client.push(packages)
        again = client.push(packages[:1])
    assert [result.status for result in first + both + again] == [201, 200, 201, 200]
    assert first[0].receipt == both[0].receipt == again[0].receipt
    stored = [claim for claim in insurer.claims() if claim["device"] == enrolled.home.signer.kid]
    assert len(stored) == 2


def test_other_bytes_change_nothing_on_either_side(enrolled: Terminal, insurer: Insurer) -> None:
    """Another claim under a used id is 409 with both digests; the stored claim, its receipt and the queue stay."""
    (claim_id,) = enrolled.register(AMC)
    enrolled.drain()
    row, stored = enrolled.home.outbox.get(claim_id), insurer.claims()
    other = decode(enrolled.seal(AMC, claim_id, amo_rate=65).envelope, Envelope)
    dispatch = Dispatch(
        schema="comptoir/dispatch/v1",
        claim_id=claim_id,
        insurer=AMC,
        device=enrolled.home.signer.kid,
        seq=2,
        prev=digest((row.dispatch or "").encode()),
        envelope=digest(encode(other)),
    )
    package = encode(Package(dispatch=enrolled.home.signer.sign(DISPATCH_TYP, encode(dispatch)), envelope=other))
    with enrolled.client(AMC) as client:
        (alone,) = client.push([package])
        known, again = client.push([row.package or b"", package])
    assert (alone.status, alone.problem, alone.receipt) == (409, "digest_conflict", None)
    assert (known.status, known.receipt, again.problem) == (200, row.receipt, "digest_conflict")
    assert insurer.claims() == stored
    assert enrolled.home.outbox.get(claim_id) == row
    with pytest.raises(ClaimExists):
        enrolled.home.outbox.enqueue(enrolled.seal(AMC, claim_id))


def test_two_terminals_have_two_chains(make_terminal: Callable[[], Terminal], insurer: Insurer) -> None:
    """Two terminals of one shop number their claims apart."""
    terminals = [make_terminal(), make_terminal()]
    for terminal in terminals:
        terminal.enrol(insurer)
        terminal.register(AMC, 2)
        assert terminal.drain().acknowledged == 2
    seqs = [[row.seq for row in terminal.home.outbox.rows()] for terminal in terminals]
    assert seqs == [[1, 2], [1, 2]]


def test_a_cloned_terminal_is_found_out(enrolled: Terminal, insurer: Insurer) -> None:
    """A claim numbered on a copy of the terminal stops the copy's chain, and the claim waits for a person."""
    enrolled.confirmed.add(AMC)
    ids = enrolled.register(AMC, 2)
    first, second = (enrolled.home.outbox.get(claim_id) for claim_id in ids)
    dispatch = Dispatch(
        schema="comptoir/dispatch/v1",
        claim_id=second.claim_id,
        insurer=AMC,
        device=enrolled.home.signer.kid,
        seq=1,
        prev="0" * 64,
        envelope=second.digest,
    )
    signed = enrolled.home.signer.sign(DISPATCH_TYP, encode(dispatch))
    with enrolled.client(AMC) as client:
        copy = encode(Package(dispatch=signed, envelope=decode(second.envelope, Envelope)))
        assert client.push([copy])[0].status == 201
    report = enrolled.drain()
    assert report.errors == {AMC: "fork"}
    assert set(report.blocked) == {first.claim_id, second.claim_id}
    assert enrolled.states() == ["blocked", "blocked"]
    enrolled.register(AMC)
    assert enrolled.drain().pushed == 0


def test_the_intake_and_its_log_know_no_person(enrolled: Terminal, insurer: Insurer) -> None:
    """A planted name is in no file of the intake and in no log, and the opener reads it."""
    planted = "DUPONT-TEMOIN Zoé"
    beneficiary = {"birth_date": "1984-05-17", "rank": 1, "name": planted}
    (claim_id,) = enrolled.register(AMC, beneficiary=msgspec.convert(beneficiary, Beneficiary))
    enrolled.drain()
    insurer.log.flush()
    files = [path for path in (insurer.folder / "intake").rglob("*") if path.is_file()]
    files.append(insurer.folder.with_suffix(".log"))
    forms = [planted.encode(code) for code in ("utf-8", "latin-1", "utf-16-le")] + [b"1984-05-17", b"DUPONT"]
    hits = [(path.name, form) for path in files for form in forms if form in path.read_bytes()]
    opened = {claim["claim_id"]: claim["message"] for claim in insurer.claims()}[claim_id]
    assert len(files) > 5
    assert hits == []
    assert opened["beneficiary"] == beneficiary
    log = insurer.folder.with_suffix(".log").read_text("utf-8").splitlines()
    assert {"request"} <= {json.loads(line)["event"] for line in log}
