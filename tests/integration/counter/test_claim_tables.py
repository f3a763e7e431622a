"""The tables and conditions of a claim on their real way: home, catalogue imports, profiles, register, show."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from sync.contract.message import ClaimMessage
from sync.contract.profile import ContractTerms, FieldGround, GuaranteeGrid
from sync.crypto.claims import seal_claim
from terminal.catalogue import Shelf
from terminal.cli.catalogues import import_file
from terminal.cli.claims import new, show
from terminal.cli.output import Answer
from terminal.cli.parser import build_parser
from terminal.domain import errors
from terminal.domain.identifiers import Nir
from terminal.workflow import submit
from terminal.workflow.models import CONTACT_LENSES, FRAME_A, FRAME_B, LENS_A
from terminal.workflow.reprice import reprice_dossier
from terminal.workflow.types import Draft, DraftLine, Person
from tests.tui.real_shop import AMC, PIN, USER, Shop, enrol, open_shop
from tests.vectors.lpp.codes import BASE
from tests.vectors.lpp.nx import nx_file

MARIE = Person("ESSAI", "ANNE", date(1984, 5, 12), "19840512", Nir.parse("284057599900149"), 1, "typed")
COLUMNS = "code_lpp,libelle,debut,fin,nature,plv_ttc,base_remboursement,confiance,source"
GRID = GuaranteeGrid(frame=8000, lens={"simple": 8000, "complexe": 13000, "tres_complexe": 16000})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A terminal with somebody logged in and one insurer."""
    with open_shop(tmp_path) as opened:
        opened.counter.unlock(USER, PIN)
        yield opened


def draft(shop: Shop, **changes: object) -> Draft:
    """A class B frame of 120.00 with two class A lenses of 30.00."""
    lenses = (DraftLine("lens", eye, LENS_A, 3000) for eye in ("right", "left"))
    lines = (DraftLine("frame", None, FRAME_B, 12000), *lenses)
    usual = Draft(MARIE, shop.counter.today() - timedelta(days=9), 60, lines, AMC, "confort")
    return replace(usual, **changes)  # type: ignore[arg-type]  # fields of a draft


def sealed(monkeypatch: pytest.MonkeyPatch) -> list[ClaimMessage]:
    """Every message that is sealed from now on, as it is sealed."""
    messages: list[ClaimMessage] = []

    def noting(message: ClaimMessage, *rest: object) -> object:
        messages.append(message)
        return seal_claim(message, *rest)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(submit, "seal_claim", noting)
    return messages


def command(shop: Shop, *words: str) -> object:
    """The arguments of a command on this home."""
    return build_parser().parse_args([*words, "--home", str(shop.desk.home.path), "--json"])


def import_tariffs(shop: Shop, tmp_path: Path) -> None:
    """Two newer catalogues, by the command: the CNAM's base, then a table with another tariff for the lens."""
    base, table = tmp_path / "LPPTOT905", tmp_path / "tarifs.csv"
    base.write_bytes(nx_file(BASE))
    table.write_text(f"{COLUMNS}\n{LENS_A},,2020-01-01,,V01,31.00,5.00,haute,Tarif\n", encoding="utf-8")
    for path in (base, table):
        words = ("lpp", "import", str(path), "--accept", "--from", "2020-01-01")
        assert import_file(command(shop, *words)).data["accepted"]  # type: ignore[arg-type]  # a parsed command line


def test_a_claim_has_its_recorded_amounts_two_catalogues_later(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two imports and a richer profile later, `claim show --reprice` gives what was claimed; a new claim has others."""
    messages = sealed(monkeypatch)
    first = shop.counter.submit(draft(shop))
    import_tariffs(shop, tmp_path)
    dearer = GuaranteeGrid(frame=9000, lens=GRID.lens)
    terms = ContractTerms(id="confort", label="Confort", kind="responsable", real_cost=False, grid=dearer)
    enrol(shop.desk, contracts=(terms,), version=2)
    second = shop.counter.submit(draft(shop))
    assert len({message.tables.catalogue for message in messages}) == 2
    assert len({message.tables.profile for message in messages}) == 2
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    shown = [
        show(command(shop, "claim", "show", claim_id, "--reprice", "--pin-file", str(pin))).data  # type: ignore[arg-type]  # a parsed command line
        for claim_id in (first.claim_id, second.claim_id)
    ]
    for claim in shown:
        assert claim["repriced"]["same"] is True
        assert claim["repriced"]["total"] == claim["total"]
    assert shown[0]["total"] == {"price": 18000, "amo": 1173, "amc": 12827, "reste_a_charge": 4000}
    assert shown[1]["total"] == {"price": 18000, "amo": 603, "amc": 14397, "reste_a_charge": 3000}
    assert [message.tables.catalogue for message in messages] == [claim["tables"]["catalogue"] for claim in shown]


def test_a_claim_that_its_tables_do_not_give_is_told(shop: Shop, tmp_path: Path) -> None:
    """Status 1 when the recorded amounts are others; ProfileUnknown when a table is lost, never another table."""
    claim_id = shop.counter.submit(draft(shop)).claim_id
    known = shop.desk.vault.dossiers.get(claim_id)
    assert known is not None
    altered = msgspec.structs.replace(known[1], amc=known[1].amc + 1)
    home = shop.desk.home.path
    assert (reprice_dossier(known[1], home).same, reprice_dossier(altered, home).same) == (True, False)
    for kept in (home / "profiles").iterdir():
        kept.unlink()
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    with pytest.raises(errors.ProfileUnknown):
        show(command(shop, "claim", "show", claim_id, "--reprice", "--pin-file", str(pin)))  # type: ignore[arg-type]  # a parsed command line


def test_a_running_counter_sees_an_import_and_a_roll_back(shop: Shop, tmp_path: Path) -> None:
    """Without a restart: the base of the lens is that of the catalogue in force at each question."""
    bases = [shop.counter.quote(draft(shop)).quote.lines[1].base]
    import_tariffs(shop, tmp_path)
    bases.append(shop.counter.quote(draft(shop)).quote.lines[1].base)
    Shelf(shop.desk.home.path).roll_back()
    bases.append(shop.counter.quote(draft(shop)).quote.lines[1].base)
    assert (bases[0], bases[1]) == (975, 500)
    assert bases[2] != 500


def test_an_earlier_delivery_has_the_catalogue_of_its_day(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, tariffs and digest are those in force on the service date, and a date before all of them is refused."""
    messages = sealed(monkeypatch)
    seed = shop.desk.catalogue.digest
    table = tmp_path / "tarifs.csv"
    table.write_text(f"{COLUMNS}\n{LENS_A},,2026-06-01,,V01,31.00,5.00,haute,Tarif\n", encoding="utf-8")
    words = ("lpp", "import", str(table), "--accept", "--from", "2026-06-01")
    newer = import_file(command(shop, *words)).data["digest"]  # type: ignore[arg-type]  # a parsed command line
    for day in (date(2026, 5, 31), date(2026, 6, 1)):
        shop.counter.submit(draft(shop, service_date=day, prescription_date=None))
    assert [message.tables.catalogue for message in messages] == [seed, newer]
    assert [message.lines[1].base for message in messages] == [975, 500]
    with pytest.raises(errors.ServiceDateUncovered):
        shop.counter.quote(draft(shop, service_date=date(2019, 12, 31), prescription_date=None))


def test_the_command_asks_and_tells_the_same(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`claim new` judges prescriber and renewal as the screen does, and tells an earlier delivery without stopping."""
    last = (shop.counter.today() - timedelta(days=500)).isoformat()
    person = {"surname": "ESSAI", "given_name": "ANNE", "birth_date": "1984-05-12", "nir": "284057599900149"}
    lines = [{"item": "frame", "lpp_code": FRAME_A, "price": 3000}]
    claim = {"insurer": AMC, "person": person, "lines": lines}
    pin = tmp_path / "pin"
    pin.write_text(PIN)

    def asked(**changes: object) -> Answer:
        text = io.TextIOWrapper(io.BytesIO(msgspec.json.encode(claim | changes)))
        monkeypatch.setattr("sys.stdin", text)
        return new(command(shop, "claim", "new", "--pin-file", str(pin)))  # type: ignore[arg-type]  # a parsed command line

    with pytest.raises(errors.RenewalTooEarly):
        asked(renewal={"last": last})
    with pytest.raises(errors.InputInvalid) as refused:
        asked(prescriber="nurse")
    assert refused.value.facts == {"key": "prescriber", "reason": "wrong_value"}
    old = (shop.counter.today() - timedelta(days=900)).isoformat()
    with pytest.raises(errors.PrescriptionExpired):
        asked(prescription_date=old, prescriber="orthoptist")
    first = asked(prescription_date=old, renewal={"last": last, "ground": "sight_changed"})
    assert first.data["earlier"] == []
    second = asked()
    assert second.data["earlier"] == [{"day": shop.counter.today().isoformat(), "number": first.data["number"]}]
    assert any("Déjà équipé" in line for line in second.lines)


def test_a_second_equipment_is_told_with_day_and_number(shop: Shop) -> None:
    """Told for the same person and kind, not for the claim that is corrected, nor for one that was cancelled."""
    today = shop.counter.today()
    first = shop.counter.submit(draft(shop))
    assert first.earlier == ()
    again = shop.counter.quote(draft(shop))
    assert [(one.day, one.number) for one in again.earlier] == [(today, first.number)]
    assert shop.counter.quote(draft(shop), first.claim_id).earlier == ()
    contact = (DraftLine("contact_lenses", "right", CONTACT_LENSES, 5000),)
    assert shop.counter.quote(draft(shop, lines=contact)).earlier == ()
    assert shop.counter.quote(draft(shop, person=replace(MARIE, rank=2))).earlier == ()
    second = shop.counter.submit(draft(shop), first.claim_id)
    assert [one.number for one in shop.counter.quote(draft(shop)).earlier] == [second.number]
    shop.counter.cancel(second.claim_id)
    assert shop.counter.quote(draft(shop)).earlier == ()


def test_a_refused_claim_leaves_no_delivery(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queue, dossier and delivery are one act."""

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(shop.desk.home.outbox._counterfoil, "append", fail)
        with pytest.raises(RuntimeError):
            shop.counter.submit(draft(shop))
    assert shop.counter.quote(draft(shop)).earlier == ()


def test_an_early_renewal_needs_its_ground_and_says_only_that_it_is_early(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused without a ground; with one it is sent as early. An ordinary renewal says nothing at all."""
    messages = sealed(monkeypatch)
    today = shop.counter.today()
    last = today - timedelta(days=400)
    with pytest.raises(errors.RenewalTooEarly):
        shop.counter.submit(draft(shop, last_glasses=last))
    with pytest.raises(errors.RenewalGroundUnfit):
        shop.counter.submit(draft(shop, last_glasses=last, ground="frame_outgrown"))
    shop.counter.submit(draft(shop, last_glasses=last, ground="sight_changed"))
    ordinary = today - timedelta(days=800)
    shop.counter.submit(draft(shop, last_glasses=ordinary, ground="sight_changed"))
    grounds = FieldGround(field="last_equipment_date", ground="R871-2", until=today)
    enrol(shop.desk, fields=(grounds,), version=2)
    shop.counter.submit(draft(shop, last_glasses=last, ground="sight_changed"))
    shop.counter.submit(draft(shop, last_glasses=ordinary))
    said = [(message.early_renewal, message.last_equipment_date) for message in messages]
    assert said == [(True, None), (None, None), (True, last), (None, None)]


def test_prescriber_and_ground_are_neither_kept_nor_sent(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """They decide and are gone: not in the message, not in the dossier, not in the draft that is reopened."""
    messages = sealed(monkeypatch)
    today = shop.counter.today()
    asked = draft(shop, prescriber="orthoptist", last_glasses=today - timedelta(days=400), ground="medical_situation")
    done = shop.counter.submit(asked)
    known = shop.desk.vault.dossiers.get(done.claim_id)
    assert known is not None
    for kept in (msgspec.json.encode(known[1]), msgspec.json.encode(messages[0])):
        for word in (b"orthoptist", b"physician", b"medical", b"prescriber", b"ground"):
            assert word not in kept
    reopened = shop.counter.reopen(done.claim_id)
    assert (reopened.prescriber, reopened.ground) == ("physician", None)
    assert reopened.last_glasses == asked.last_glasses
    assert "medical_situation" not in repr(asked)
    assert "orthoptist" not in repr(asked)


def test_the_prescription_is_judged_by_who_wrote_it_and_for_what(shop: Shop) -> None:
    """An orthoptist's is over after two years, a physician's is not; for contact lenses it is over after three."""
    three = shop.counter.today() - timedelta(days=900)
    shop.counter.quote(draft(shop, prescription_date=three))
    with pytest.raises(errors.PrescriptionExpired):
        shop.counter.quote(draft(shop, prescription_date=three, prescriber="orthoptist"))
    contact = (DraftLine("contact_lenses", "right", CONTACT_LENSES, 5000),)
    four = shop.counter.today() - timedelta(days=1300)
    with pytest.raises(errors.PrescriptionExpired):
        shop.counter.quote(draft(shop, prescription_date=four, lines=contact))


def test_contact_lenses_are_once_a_year_and_eye(shop: Shop) -> None:
    """The other eye may; no ground shortens the year."""
    contact = (DraftLine("contact_lenses", "right", CONTACT_LENSES, 5000),)
    lately = shop.counter.today() - timedelta(days=100)
    shop.counter.quote(draft(shop, lines=contact, last_contact_lenses={"left": lately}))
    with pytest.raises(errors.RenewalTooEarly):
        shop.counter.quote(draft(shop, lines=contact, last_contact_lenses={"right": lately}, ground="sight_changed"))


def test_a_collective_contract_has_the_higher_floor(shop: Shop) -> None:
    """The same poor grid pays 50.00 in all under a contrat responsable, 100.00 under a collective one."""
    poor = GuaranteeGrid(frame=1000, lens={"simple": 1000, "complexe": 1000, "tres_complexe": 1000})
    lens_b = next(item for item in shop.desk.catalogue.lenses() if item.item_class == "B" and item.level == "simple")
    lenses = (DraftLine("lens", eye, str(lens_b.code), 6000) for eye in ("right", "left"))
    asked = draft(shop, lines=(DraftLine("frame", None, FRAME_B, 12000), *lenses))
    totals = []
    for ani in (False, True):
        terms = ContractTerms(id="confort", label="C", kind="responsable", real_cost=False, grid=poor, ani=ani)
        enrol(shop.desk, contracts=(terms,))
        total = shop.counter.quote(asked).quote.total
        totals.append(total.amo + total.amc)
    assert totals == [5000, 10000]


def test_a_profile_that_asks_for_too_much_stops_its_insurer_only(shop: Shop) -> None:
    """The insurer is listed without contracts and with the field; a claim to it is refused and leaves nothing."""
    tomorrow = shop.counter.today() + timedelta(days=1)
    asked = {"field": "prescriber", "ground": "L871-1", "until": tomorrow.isoformat()}
    for changes, error in (
        ({"effective": tomorrow}, errors.ProfileNotYetEffective),
        ({"fields": [asked]}, errors.ProfileFieldForbidden),
    ):
        enrol(shop.desk, **changes)
        choice = shop.counter.insurers()[0]
        assert (choice.contracts, choice.refused and choice.refused[0]) == ((), error.code)
        with pytest.raises(error):
            shop.counter.submit(draft(shop))
    assert choice.refused is not None
    assert choice.refused[1]["field"] == "prescriber"
    assert shop.desk.home.outbox.rows() == []


def test_a_corrected_claim_shows_the_form_it_had(shop: Shop) -> None:
    """Model and type come back as they were; for a claim that had no form they follow from its codes."""
    done = shop.counter.submit(draft(shop, model=3, lens_type="multifocal"))
    reopened = shop.counter.reopen(done.claim_id)
    assert (reopened.model, reopened.lens_type) == (3, "multifocal")
    progressive = next(
        item for item in shop.desk.catalogue.lenses() if (item.lens_type, item.item_class) == ("progressive", "B")
    )
    cases = {
        (FRAME_A, LENS_A): (1, "unifocal"),
        (FRAME_B, str(progressive.code)): (2, "progressive"),
        (FRAME_B, LENS_A): (3, "unifocal"),
    }
    for (frame, lens), expected in cases.items():
        lines = (DraftLine("frame", None, frame, 3000), DraftLine("lens", "right", lens, 3000))
        claim_id = shop.counter.submit(draft(shop, lines=lines)).claim_id
        again = shop.counter.reopen(claim_id)
        assert (again.model, again.lens_type) == expected
    contact = (DraftLine("contact_lenses", "right", CONTACT_LENSES, 5000),)
    assert shop.counter.reopen(shop.counter.submit(draft(shop, lines=contact)).claim_id).model == 4
