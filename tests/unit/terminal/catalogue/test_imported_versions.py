"""What an import makes of the catalogue: periods, official natures, ends, new codes; and what it shows beforehand."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from terminal.catalogue import Catalogue, Shelf, load_catalogue
from terminal.catalogue.catalogue import seed_folder
from terminal.catalogue.comparison import Disagreement, PriceChange, compare
from terminal.catalogue.official import Official
from terminal.catalogue.periods import Period, laid_over
from terminal.catalogue.proposal import Proposal, propose
from terminal.catalogue.reading import read_official
from terminal.domain.errors import ImportInvalid, LppCodeClosed, LppCodeUnmapped
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.domain.money import Cents
from tests.unit.terminal.catalogue.conftest import ReadNx
from tests.vectors.lpp.codes import (
    BASE,
    ELSEWHERE,
    ENDED,
    LENS_A1,
    LENS_A2,
    LENS_B,
    MAKER_FRAME,
    MAKER_KNOWN,
    MAKER_LENS,
    ON_QUOTE,
    since,
)

TODAY = date(2026, 11, 21)
COLUMNS = "code_lpp,libelle,debut,fin,nature,plv_ttc,base_remboursement,confiance,source"


@pytest.fixture
def proposal(read_nx_base: ReadNx) -> Proposal:
    """The invented base over the program's own data."""
    return propose(load_catalogue(), read_nx_base())


def item(catalogue: Catalogue, code: str, day: date = TODAY) -> LppItem:
    """A code on a day."""
    return catalogue.in_force(day).item(LppCode(code))


def codes(found: tuple[LppCode, ...]) -> list[str]:
    """The digits of codes."""
    return [str(code) for code in found]


def table(tmp_path: Path, *rows: str) -> Official:
    """Our own table with these rows."""
    path = tmp_path / "tarifs.csv"
    path.write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    return read_official(path)


def test_a_tariff_is_that_of_the_service_date(proposal: Proposal) -> None:
    """The last day of a period still has it, the next day has the next one; the row says since when."""
    catalogue = proposal.catalogue
    last, next_day = item(catalogue, LENS_A1, date(2026, 12, 31)), item(catalogue, LENS_A1, date(2027, 1, 1))
    assert (last.plv, last.base, last.confidence, last.quantity_max) == (3250, 975, "high", 2)
    assert (next_day.plv, next_day.base) == (3000, 900)
    assert next_day.tariff_row is not None
    assert (next_day.tariff_row.since, next_day.tariff_row.file) == (date(2027, 1, 1), "generic_tariffs.csv")
    assert next_day.tariff_row.source == f"CNAM (nx {proposal.official.sha256[:12]} #5)"
    assert catalogue.item(LppCode(LENS_A1)).plv == 3000


def test_a_day_without_a_period_has_no_known_tariff(read_nx_base: ReadNx) -> None:
    """Before the first official period the tariff is unknown, not the nearest."""
    late = replace(BASE[1], tariffs=(since("2026-06-01", "V03", 2700, 9000),))
    catalogue = propose(load_catalogue(), read_nx_base((late,))).catalogue
    before = item(catalogue, LENS_A2, date(2026, 5, 31))
    assert (before.plv, before.base, before.confidence, before.tariff_row) == (None, None, "unknown", None)
    assert item(catalogue, LENS_A2, date(2026, 6, 1)).plv == 9000


def test_the_official_nature_replaces_the_deduced_one(proposal: Proposal) -> None:
    """The regroupement is the official one; class, band and level stay those of the law."""
    found, ours = item(proposal.catalogue, LENS_B), load_catalogue().item(LppCode(LENS_B))
    assert (ours.regroupement, found.regroupement) == ("VU1", "VU2")
    assert (found.item_class, found.level, found.band) == (ours.item_class, ours.level, ours.band)


def test_a_new_makers_code_is_known_by_its_nature(proposal: Proposal) -> None:
    """Item, class, level and the common age limit come from the nature; type and band are not known."""
    lens, frame = item(proposal.catalogue, MAKER_LENS), item(proposal.catalogue, MAKER_FRAME)
    assert (lens.item, lens.item_class, lens.level, lens.regroupement) == ("lens", "B", "complexe", "VU4")
    assert (lens.lens_type, lens.band, lens.base, lens.label) == (None, None, 5, "VERRE UNIFOCAL B, FABRICANT EXEMPLE")
    assert (frame.item, frame.item_class, frame.age_max, frame.regroupement) == ("frame", "B", 15, "M04")


def test_a_makers_code_whose_nature_contradicts_its_generic(read_nx_base: ReadNx) -> None:
    """The official nature rules: a deduced child's frame that is officially a class B lens is one."""
    other = replace(BASE[8], tariffs=(since("2026-01-01", "VM5", 5, 0),))
    found = item(propose(load_catalogue(), read_nx_base((other,))).catalogue, MAKER_KNOWN)
    assert (found.item, found.level, found.regroupement, found.generic) == ("lens", "tres_complexe", "VM5", None)


def test_a_makers_code_follows_its_generic_where_the_base_is_silent(proposal: Proposal) -> None:
    """Codes that were known and are not in the file take the imported tariff of their generic code."""
    before = load_catalogue()
    maker = next(code for code, one in before.data.makers.items() if one.generic == LppCode(LENS_A2))
    assert before.item(maker).plv is None
    assert item(proposal.catalogue, str(maker)).plv == 9000


def test_a_code_ends_on_its_day(proposal: Proposal) -> None:
    """The day before it is still there, and no list or search has it after."""
    catalogue = proposal.catalogue
    assert item(catalogue, ENDED, date(2026, 10, 31)).base == 396
    with pytest.raises(LppCodeClosed) as raised:
        item(catalogue, ENDED, date(2026, 11, 1))
    assert raised.value.facts["ended"] == "2026-11-01"
    after = catalogue.in_force(date(2026, 11, 1))
    assert LppCode(ENDED) not in {one.code for one in after.generics()}
    assert after.search(ENDED) == ()
    assert LppCode(ENDED) in {one.code for one in catalogue.in_force(date(2026, 10, 31)).generics()}


def test_on_quote_is_unknown(proposal: Proposal) -> None:
    """No base is made of a price on quote."""
    found = item(proposal.catalogue, ON_QUOTE)
    assert (found.base, found.plv, found.confidence) == (None, None, "unknown")


def test_what_is_not_optics_is_left_out_and_counted(proposal: Proposal) -> None:
    """The other titles are not kept, and nobody is told that they were."""
    assert proposal.left_out == 1
    assert LppCode(ELSEWHERE) not in proposal.catalogue.data.makers


def test_what_an_import_would_change_is_shown(proposal: Proposal) -> None:
    """New, ended, prices now and later, natures, labels, codes that the file lacks, codes left out."""
    found = compare(load_catalogue(), proposal, TODAY)
    assert codes(found.new) == [MAKER_LENS, MAKER_FRAME]
    assert {str(code): day for code, day in found.ended.items()} == {ENDED: date(2026, 11, 1)}
    assert found.reopened == ()
    assert found.prices == (
        PriceChange(LppCode(LENS_A2), date(2020, 1, 1), None, Cents(9000), None, Cents(2700)),
        PriceChange(LppCode(LENS_A1), date(2027, 1, 1), Cents(3250), Cents(3000), Cents(975), Cents(900)),
    )
    assert found.regroupements == (
        Disagreement(LppCode(LENS_B), "VU1", "VU2"),
        Disagreement(LppCode(ON_QUOTE), "SV3", "OPT"),
    )
    assert codes(found.relabelled) == ["2222124", ON_QUOTE, ENDED]
    assert len(found.absent) == 217 + 5338 - 7
    assert found.left_out == 1


def test_a_second_import_of_the_same_file_changes_nothing(proposal: Proposal, read_nx_base: ReadNx) -> None:
    """Nothing is new, ended, dearer or renamed any more."""
    again = propose(proposal.catalogue, read_nx_base())
    found = compare(proposal.catalogue, again, TODAY)
    assert (found.new, dict(found.ended), found.reopened, found.prices, found.regroupements) == ((), {}, (), (), ())


def test_the_same_file_gives_the_same_bytes(proposal: Proposal, read_nx_base: ReadNx) -> None:
    """The digest of a version does not depend on when or where it was made."""
    again = propose(load_catalogue(), read_nx_base())
    assert again.catalogue.digest == proposal.catalogue.digest
    assert again.content == proposal.content


def test_a_code_that_ended_can_come_back(proposal: Proposal, read_nx_base: ReadNx) -> None:
    """A later base without its end reopens it, and the comparison says so."""
    back = tuple(replace(code, ended=None) for code in BASE)
    later = propose(proposal.catalogue, read_nx_base(back))
    assert codes(compare(proposal.catalogue, later, TODAY).reopened) == [ENDED]
    assert item(later.catalogue, ENDED).base == 396


def test_our_table_is_laid_over_what_is_known(tmp_path: Path) -> None:
    """From its first day on its tariff counts; the day before, the earlier version answers with the old one."""
    official = table(tmp_path, f"{LENS_A1},,2026-10-01,,,31.00,9.30,moyenne,Tarif fabricant")
    proposal = propose(load_catalogue(), official)
    catalogue = proposal.catalogue
    assert catalogue.effective_from == date(2026, 10, 1)
    found = item(catalogue, LENS_A1, date(2026, 10, 1))
    assert (found.plv, found.base, found.confidence) == (3100, 930, "medium")
    periods = catalogue.data.generic_periods[LppCode(LENS_A1)]
    assert [(one.start, one.end, one.plv) for one in periods] == [
        (date(2020, 1, 1), date(2026, 9, 30), 3250),
        (date(2026, 10, 1), None, 3100),
    ]
    assert compare(load_catalogue(), proposal, TODAY).absent == ()


def test_our_table_may_name_a_new_code(tmp_path: Path) -> None:
    """With its label and its nature."""
    official = table(tmp_path, f"{MAKER_LENS},VERRE EXEMPLE,2026-01-01,,VU1,,0.05,basse,Facture")
    found = item(propose(load_catalogue(), official).catalogue, MAKER_LENS)
    assert (found.label, found.regroupement, found.level, found.base) == ("VERRE EXEMPLE", "VU1", "simple", 5)
    assert found.confidence == "low"


def test_a_makers_code_keeps_the_past_of_its_generic(tmp_path: Path) -> None:
    """A first own period leaves the days before as they were."""
    official = table(tmp_path, f"{MAKER_KNOWN},,2026-10-01,2026-10-31,,,0.06,haute,Facture")
    periods = propose(load_catalogue(), official).catalogue.data.maker_periods[LppCode(MAKER_KNOWN)]
    assert [(f"{one.start}", f"{one.end}", one.base) for one in periods] == [
        ("2020-01-01", "2026-09-30", 5),
        ("2026-10-01", "2026-10-31", 6),
        ("2026-11-01", "None", 5),
    ]


@pytest.mark.parametrize(
    ("row", "record", "reason"),
    [
        (f"{ELSEWHERE},APPAREIL,2026-01-01,,,,1.00,haute,Facture", 1, "nature"),
        (f"{ELSEWHERE},APPAREIL,2026-01-01,,DVO,,1.00,haute,Facture", 1, "nature"),
        (f"{MAKER_LENS},,2026-01-01,,VU1,,0.05,haute,Facture", 1, "label"),
        (f"{LENS_A1},,2026-01-01,,v1,,9.75,haute,Facture", 1, "nature"),
    ],
)
def test_a_code_that_cannot_be_placed_is_refused(row: str, record: int, reason: str, tmp_path: Path) -> None:
    """A code outside optics, a new one without a label, a nature of no known form."""
    with pytest.raises(ImportInvalid) as raised:
        propose(load_catalogue(), table(tmp_path, row))
    assert (raised.value.facts["record"], raised.value.facts["reason"]) == (record, reason)


def test_a_base_without_optics_is_refused(read_nx_base: ReadNx) -> None:
    """A file of another part of the nomenclature makes no version."""
    with pytest.raises(ImportInvalid) as raised:
        propose(load_catalogue(), read_nx_base((BASE[9],)))
    assert raised.value.facts["reason"] == "no_optics"


def test_a_code_of_optics_without_a_usable_nature_is_not_guessed(read_nx_base: ReadNx) -> None:
    """It is kept, by its place in the tree, and its item is not known."""
    odd = replace(BASE[6], tariffs=(since("2026-01-01", "XYZ", 5, 0),))
    catalogue = propose(load_catalogue(), read_nx_base((odd,))).catalogue
    with pytest.raises(LppCodeUnmapped):
        item(catalogue, MAKER_LENS)
    assert catalogue.search(MAKER_LENS) == ()
    assert LppCode(MAKER_LENS) not in {one.code for one in catalogue.makers()}


def period(start: str, end: str | None, base: int) -> Period:
    """A period by ISO days."""
    last = date.fromisoformat(end) if end else None
    return Period(date.fromisoformat(start), last, None, None, Cents(base), None, "high", "")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (("2021-01-01", None), [("2020-01-01", "2020-12-31", 1), ("2021-01-01", None, 9)]),
        (("2019-01-01", None), [("2019-01-01", None, 9)]),
        (("2020-01-01", None), [("2020-01-01", None, 9)]),
        (
            ("2021-01-01", "2021-12-31"),
            [("2020-01-01", "2020-12-31", 1), ("2021-01-01", "2021-12-31", 9), ("2022-01-01", None, 1)],
        ),
        (("2019-01-01", "2019-12-31"), [("2019-01-01", "2019-12-31", 9), ("2020-01-01", None, 1)]),
        (("2019-01-01", "2020-01-01"), [("2019-01-01", "2020-01-01", 9), ("2020-01-02", None, 1)]),
    ],
)
def test_a_day_has_one_tariff(new: tuple[str, str | None], expected: list[tuple[str, str | None, int]]) -> None:
    """What is laid over wins on its days and leaves the others."""
    found = laid_over([period("2020-01-01", None, 1)], [period(*new, 9)])
    assert [(f"{one.start}", f"{one.end}" if one.end else None, one.base) for one in found] == expected


def test_quoting_generics_reads_no_makers_file(proposal: Proposal, shelf: Shelf, tmp_path: Path) -> None:
    """Neither of the program's data nor of an imported version."""
    folder = tmp_path / "unpacked"
    shutil.copytree(str(seed_folder()), folder)
    (folder / "maker_codes.csv").unlink()
    seed = Shelf(tmp_path, folder)
    assert seed.current().in_force(TODAY).item(LppCode(LENS_A1)).plv == 3250
    shelf.accept(proposal)
    current = shelf.current()
    current.in_force(TODAY).item(LppCode(LENS_A1))
    assert "makers" not in current.data.__dict__
    assert "maker_periods" not in current.data.__dict__
