"""A claim priced again, two catalogues and a profile later, by the digests that it records."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import PROFILE_TYP
from sync.crypto.signing import SigningKey
from sync.errors import ContractError
from terminal.catalogue import CatalogueInForce, Shelf
from terminal.catalogue.proposal import propose
from terminal.catalogue.reading import read_official
from terminal.domain import errors
from terminal.domain.identifiers import LppCode
from terminal.domain.pricing import LineInput, Quote, QuoteInput, price_quote
from terminal.workflow.profiles import KeptProfiles, load_profile
from terminal.workflow.recipients import contract_of
from terminal.workflow.reprice import Recorded, reprice
from terminal.workflow.types import DraftLine
from tests.vectors.lpp.codes import BASE
from tests.vectors.lpp.nx import nx_file

DAY, BORN = date(2026, 11, 21), date(1984, 5, 17)
COLUMNS = "code_lpp,libelle,debut,fin,nature,plv_ttc,base_remboursement,confiance,source"
LENSES = tuple(DraftLine("lens", eye, "2263287", 3000) for eye in ("right", "left"))
LINES = (DraftLine("frame", None, "2264861", 15000), *LENSES)


def profile(**changes: Any) -> dict[str, Any]:
    """A profile as an insurer writes it."""
    grid = {"frame": 8000, "lens": {"simple": 8000, "complexe": 13000, "tres_complexe": 16000}}
    terms = {"id": "confort", "label": "Confort", "kind": "responsable", "real_cost": False, "grid": grid}
    usual = {
        "schema": "comptoir/profile/v1",
        "insurer": "99900011",
        "convention": "DEMO",
        "name": "Mutuelle Exemple",
        "version": 1,
        "effective": "2026-01-01",
        "code_level": "regroupement",
        "contracts": [terms],
        "hosting": "Cette machine",
        "offline_ceiling": 40000,
    }
    return usual | changes


def payload(**changes: Any) -> bytes:
    """Its bytes."""
    return msgspec.json.encode(profile(**changes), order="sorted")


@pytest.fixture(scope="module")
def signer() -> SigningKey:
    """The insurer's key."""
    return SigningKey.generate()


def priced(home: Path, contract_profile: bytes, day: date = DAY) -> tuple[Quote, str]:
    """The quote of the usual lines with what is in force, and the digest of its catalogue."""
    in_force = CatalogueInForce(Shelf(home)).now().in_force(day)
    contract = contract_of(load_profile(contract_profile, day), "confort")
    lines = tuple(LineInput(line.item, line.eye, in_force.item(LppCode(line.lpp_code)), line.price) for line in LINES)
    return price_quote(QuoteInput(day, BORN, 60, contract, lines), day), in_force.digest


def imports(home: Path) -> Iterator[str]:
    """Two imports: the CNAM's base, then a table that changes the tariff from before the claim on."""
    base, table = home / "LPPTOT905", home / "tarifs.csv"
    base.write_bytes(nx_file(BASE))
    table.write_text(f"{COLUMNS}\n2263287,,2020-01-01,,V01,31.00,5.00,haute,Tarif\n", encoding="utf-8")
    for path in (base, table):
        shelf = Shelf(home)
        yield shelf.accept(propose(shelf.current(), read_official(path), date(2020, 1, 1)))


def test_recorded_digests_give_the_recorded_amounts(tmp_path: Path, signer: SigningKey) -> None:
    """After two imports and a richer profile the same claim has its amounts; priced anew it has others."""
    kept = KeptProfiles(tmp_path)
    jws = signer.sign(PROFILE_TYP, payload())
    quote, catalogue = priced(tmp_path, payload())
    recorded = Recorded(DAY, BORN, 60, "confort", LINES, catalogue, kept.keep(jws))
    digests = {catalogue, *imports(tmp_path)}
    richer = profile()
    richer["contracts"][0]["grid"]["frame"] = 9000
    kept.keep(signer.sign(PROFILE_TYP, payload(contracts=richer["contracts"])))
    assert len(digests) == 3
    again = reprice(recorded, tmp_path)
    assert (again.lines, again.total) == (quote.lines, quote.total)
    anew, _ = priced(tmp_path, payload(contracts=richer["contracts"]))
    assert anew.total != quote.total
    assert anew.lines[1].base == 500


def test_every_version_in_between_can_be_priced_again(tmp_path: Path, signer: SigningKey) -> None:
    """A claim made under each catalogue keeps its amounts, after a roll-back too."""
    digest = KeptProfiles(tmp_path).keep(signer.sign(PROFILE_TYP, payload()))
    made = [priced(tmp_path, payload())]
    made.extend(priced(tmp_path, payload()) for _ in imports(tmp_path))
    Shelf(tmp_path).roll_back()
    assert len({catalogue for _, catalogue in made}) == 3
    for quote, catalogue in made:
        again = reprice(Recorded(DAY, BORN, 60, "confort", LINES, catalogue, digest), tmp_path)
        assert (again.lines, again.total) == (quote.lines, quote.total)


def test_a_table_that_is_not_kept_is_never_replaced(tmp_path: Path, signer: SigningKey) -> None:
    """An unknown digest of either table is an error, and so is one that is no digest."""
    CatalogueInForce(Shelf(tmp_path))
    digest = KeptProfiles(tmp_path).keep(signer.sign(PROFILE_TYP, payload()))
    with pytest.raises(errors.CatalogueUnknown):
        reprice(Recorded(DAY, BORN, 60, "confort", LINES, "0" * 64, digest), tmp_path)
    for unknown in ("0" * 64, "../secret"):
        with pytest.raises(errors.ProfileUnknown):
            reprice(Recorded(DAY, BORN, 60, "confort", LINES, "0" * 64, unknown), tmp_path)


def test_a_kept_profile_that_was_altered_is_unknown(tmp_path: Path, signer: SigningKey) -> None:
    """Its bytes must be those of its digest."""
    kept = KeptProfiles(tmp_path)
    digest = kept.keep(signer.sign(PROFILE_TYP, payload()))
    assert kept.by_digest(digest).name == "Mutuelle Exemple"
    path = tmp_path / "profiles" / f"{digest}.jws"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(errors.ProfileUnknown):
        kept.by_digest(digest)


def test_a_birth_date_does_not_show() -> None:
    """What is recorded shows no person."""
    assert "1984" not in repr(Recorded(DAY, BORN, 60, "confort", LINES, "0" * 64, "0" * 64))


FIELD = {"ground": "L871-1", "until": "2027-01-01"}


@pytest.mark.parametrize(
    "name",
    ["prescription.sphere", "prescription.image", "prescriber", "lines.lpp_code", "amo.exemption", "", "x" * 200],
)
def test_a_profile_that_names_a_forbidden_field_is_refused(name: str) -> None:
    """The field is named, with those that a profile may name."""
    with pytest.raises(errors.ProfileFieldForbidden) as raised:
        load_profile(payload(fields=[{"field": "member.nir", **FIELD}, {"field": name, **FIELD}]), DAY)
    assert raised.value.facts["field"] == name[:60]
    assert raised.value.facts["accepted"] == "beneficiary.name, member.nir, last_equipment_date"


def test_a_profile_with_allowed_fields_is_loaded() -> None:
    """Each with its ground and its end date, also when that date has passed."""
    fields = [{"field": name, **FIELD} for name in ("beneficiary.name", "member.nir", "last_equipment_date")]
    assert len(load_profile(payload(fields=fields), date(2030, 1, 1)).fields) == 3
    assert load_profile(payload(), DAY).offline_ceiling == 40000


def test_a_profile_counts_from_its_day() -> None:
    """The day itself is accepted, the day before is not."""
    assert load_profile(payload(), date(2026, 1, 1)).version == 1
    with pytest.raises(errors.ProfileNotYetEffective) as raised:
        load_profile(payload(), date(2025, 12, 31))
    assert raised.value.facts == {"effective": "2026-01-01"}


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b'{"fields": 3}',
        b'{"fields": [3]}',
        payload(code_level=None),
        payload(fields=[{"field": "member.nir"}]),
        payload(sphere=-125),
    ],
)
def test_any_other_defect_is_the_contracts_error(broken: bytes) -> None:
    """What is no profile, has no code level, no ground or end date, or a key more, is refused as such."""
    with pytest.raises(ContractError):
        load_profile(broken, DAY)


def test_a_profile_that_says_a_field_twice_is_refused() -> None:
    """The rules of the contract hold when it is loaded."""
    with pytest.raises(ContractError):
        load_profile(payload(fields=[{"field": "member.nir", **FIELD}] * 2), DAY)
