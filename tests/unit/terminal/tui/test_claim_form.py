"""The claim being written: what follows from each field, and in how few keys a claim is whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from terminal.domain.errors import LineInvalid, TariffUnknown
from terminal.tui.claim_entry import ClaimEntry, EntryProblem, complete, read_entry
from terminal.tui.claim_form import ClaimForm
from terminal.tui.claim_refill import refill
from terminal.tui.form_model import Outcome
from terminal.workflow.types import Draft
from tests.tui.scenes import GRID, LEO, MARIE, MOON, SceneCounter

Begin = Callable[..., ClaimForm]
Press = Callable[..., list[Outcome]]


def draft_of(claim: ClaimForm, counter: SceneCounter) -> Draft:
    """The draft of a claim that is whole."""
    return complete(read_entry(claim), counter).draft


def problem_of(claim: ClaimForm) -> tuple[str, str]:
    """Field and code of the first thing that is wrong."""
    with pytest.raises(EntryProblem) as found:
        read_entry(claim)
    return found.value.field_key, found.value.code


def test_a_class_a_claim_takes_six_keys_before_f10(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """`1211` Enter `1`: the person is alone, the rest is filled in."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1")
    draft = draft_of(claim, counter)
    assert draft.prescription_date == date(2026, 11, 12)
    assert (draft.amo_rate, draft.insurer, draft.contract_id, draft.member) == (60, "99100001", "base", None)
    assert [(line.item, line.eye, line.lpp_code, line.price) for line in draft.lines] == [
        ("frame", None, "2222124", 3000),
        ("lens", "right", "2263287", 3250),
        ("lens", "left", "2263287", 3250),
    ]
    assert counter.quote(draft).quote.total.reste_a_charge == 0


def test_a_family_is_asked_for_whom(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """A digit, and the cursor is on the date."""
    claim = begin()
    assert claim.form.active == "person"
    press(claim.form, "2", "1211", "enter", "1")
    assert draft_of(claim, counter).person is LEO


def test_a_card_date_that_is_none_is_asked_for(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """The typed birth date goes into the person, who stays marked as read from a card."""
    claim = begin(MOON)
    assert claim.form.active == "birth"
    press(claim.form, "15061968", "1211", "enter", "1")
    person = draft_of(claim, counter).person
    assert (person.birth_date, person.birth_date_raw, person.source) == (date(1968, 6, 15), "19680000", "card")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ((), ("person", "missing_person")),
        (("1",), ("day", "missing_prescription_date")),
        (("1", "1211", "enter"), ("model", "missing_model")),
        (("1", "3102", "enter", "1"), ("day", "entry_day_invalid")),
        (("1", "221126", "enter", "1"), ("day", "entry_day_future")),
        (("1", "1211", "enter", "2"), ("od_written", "missing_correction")),
        (("1", "1211", "enter", "2", "-1,3", "enter", "-1"), ("frame_price", "missing_price")),
        (("1", "1211", "enter", "1", "-1,25"), ("og_written", "missing_correction")),
        (("1", "1211", "enter", "1", "-1,3", "enter", "-1"), ("od_written", "correction_out_of_range")),
        (
            ("1", "1211", "enter", "1", "-40,00 (-1,25)", "enter", "-1"),
            ("od_written", "correction_out_of_range"),
        ),
        (("1", "1211", "enter", "1", "1,25", "enter", "-1"), ("od_written", "correction_unreadable")),
        (("1", "1211", "enter", "1", "og -1,25", "enter", "-1"), ("od_written", "entry_other_eye")),
        (("1", "1211", "enter", "1", "od -1 og -2", "enter", "-1"), ("og_written", "entry_eye_twice")),
        (("1", "1211", "down", "down", "01022026"), ("ground", "missing_ground")),
    ],
)
def test_the_first_thing_wrong_is_named(
    begin: Begin, press: Press, keys: tuple[str, ...], problem: tuple[str, str]
) -> None:
    """Field and code, in the order of the form."""
    claim = begin()
    press(claim.form, *keys)
    assert problem_of(claim) == problem


def test_corrections_choose_the_codes_and_are_gone(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """The draft has the codes of the catalogue and nothing of what was typed; neither has a repr."""
    claim = begin(MARIE)
    press(
        claim.form,
        "1211",
        "enter",
        "2",
        "-3,25 (-0,50)",
        "enter",
        "-4,5",
        "enter",
        "120",
        "enter",
        "150",
    )
    entry = read_entry(claim)
    draft = complete(entry, counter).draft
    lenses = [line for line in draft.lines if line.item == "lens"]
    expected = [
        counter.lens_choice("unifocal", "B", typed.written).item for typed in entry.eyes.values() if typed.written
    ]
    assert [line.lpp_code for line in lenses] == [str(item.code) for item in expected]
    assert [line.price for line in lenses] == [15000, 15000]
    assert "-325" not in repr(entry) + repr(draft)
    assert "-450" not in repr(entry) + repr(draft)


def test_an_empty_price_of_class_a_is_the_regulated_one(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Another band: the old price goes, the price of the code comes; a typed price stays."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1")
    assert claim.form["od_price"].text == "32,50"
    press(claim.form, "-1", "enter", "-1")
    assert claim.form["od_price"].text == ""
    completed = complete(read_entry(claim), counter)
    assert [line.price for line in completed.draft.lines] == [3000, 3250, 3250]
    claim.tell_price("right", completed.plvs["right"])
    assert claim.form["od_price"].text == "32,50"


def test_an_unknown_tariff_asks_for_the_ceiling_and_its_source(
    begin: Begin, press: Press, counter: SceneCounter
) -> None:
    """Nothing is guessed: the shop types the PLV and says where it stands."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1", "-9", "enter", "-9")
    with pytest.raises(TariffUnknown):
        complete(read_entry(claim), counter)
    for place in ("od", "og"):
        claim.ask_tariff(place, "plv")
    assert problem_of(claim) == ("od_plv", "missing_plv")
    claim.form.go("od_plv")
    press(claim.form, "80", "enter", "80", "enter", "tarif 10/2026")
    draft = draft_of(claim, counter)
    assert [(line.price, line.plv, line.plv_reason) for line in draft.lines if line.item == "lens"] == [
        (8000, 8000, "TARIF 10/2026"),
        (8000, 8000, "TARIF 10/2026"),
    ]
    assert counter.quote(draft).quote.total.price == 19000
    press(claim.form, "up", "up", "up")
    claim.form.go("od_written")
    press(claim.form, "-1")
    assert (claim.form["od_plv"].hidden, claim.form["od_plv"].text) == (True, ""), "another lens has another ceiling"


def test_contact_lenses_have_neither_frame_nor_correction(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Two prices; an eye at 0 is left out."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "4", "60", "enter")
    claim.form.go("og_price")
    press(claim.form, "0")
    draft = draft_of(claim, counter)
    assert [(line.item, line.eye, line.price) for line in draft.lines] == [("contact_lenses", "right", 6000)]


def test_a_claim_of_nothing_is_refused(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Every price at 0."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "4", "0", "enter")
    with pytest.raises(EntryProblem) as found:
        complete(read_entry(claim), counter)
    assert found.value.code == "missing_lines"


def test_another_insurer_brings_its_contracts(begin: Begin, press: Press) -> None:
    """One contract is not asked for; several are, the first by default."""
    claim = begin(MARIE)
    assert not claim.form["contract"].hidden
    claim.form.go("contract")
    press(claim.form, "2")
    claim.form.go("insurer")
    press(claim.form, "2")
    assert (claim.form["contract"].text, claim.form["contract"].hidden) == ("1", True)


def test_a_claim_without_any_insurer_says_so(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """The form opens all the same."""
    claim = ClaimForm(replace(begin(MARIE).offer, insurers=()))
    press(claim.form, "1211", "enter", "1")
    assert problem_of(claim) == ("insurer", "missing_insurer")
    bare = replace(counter.insurers()[0], contracts=())
    claim = ClaimForm(replace(begin(MARIE).offer, insurers=(bare,)))
    press(claim.form, "1211", "enter", "1")
    assert problem_of(claim) == ("insurer", "missing_contract")


def test_what_was_typed_counts_as_begun(begin: Begin, press: Press) -> None:
    """Leaving an untouched form loses nothing, leaving a begun one asks."""
    claim = begin(MARIE)
    assert not claim.started
    press(claim.form, "1")
    assert claim.started


@pytest.mark.parametrize(
    "keys",
    [
        ("1211", "enter", "1"),
        ("1211", "enter", "2", "-3", "enter", "-4", "enter", "120", "enter", "150", "enter"),
        ("1211", "enter", "3", "enter", "enter", "enter", "99"),
        ("1211", "enter", "4", "60", "enter"),
        ("1211", "enter", "2", "up", "3", "-3 add 2", "enter", "-4 add 2", "enter", "0", "enter", "150", "enter"),
        ("1211", "enter", "3", "up", "2", "-1 add 2", "enter", "-1 add 2", "enter", "80", "enter", "40", "enter"),
    ],
)
def test_a_reopened_claim_is_the_same_claim(
    begin: Begin, press: Press, counter: SceneCounter, keys: tuple[str, ...]
) -> None:
    """Draft → form → draft changes nothing, although the corrections are gone."""
    claim = begin(MARIE)
    press(claim.form, *keys)
    draft = draft_of(claim, counter)
    again = refill(claim.offer, draft, "claim-1")
    assert again.replaces == "claim-1"
    assert draft_of(again, counter) == draft
    for key in ("model", "lens_type"):
        assert again.form[key].text == claim.form[key].text


def test_a_reopened_claim_keeps_its_typed_ceiling(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """PLV, source, rate, contract and member number come back."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1", "-9", "enter", "-9")
    for place in ("od", "og"):
        claim.ask_tariff(place, "plv")
    for key, text in (
        ("od_plv", "80"),
        ("plv_reason", "tarif"),
        ("og_plv", "90"),
        ("contract", "2"),
        ("member", "a12"),
    ):
        claim.form.go(key)
        press(claim.form, text)
    claim.form.go("amo_rate")
    press(claim.form, "90")
    draft = draft_of(claim, counter)
    assert (draft.amo_rate, draft.contract_id, draft.member) == (90, "plus", "A12")
    assert draft_of(refill(claim.offer, draft, "x"), counter) == draft


def test_a_touched_correction_lets_the_kept_codes_go(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Then both corrections are asked for again."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1")
    again = refill(claim.offer, draft_of(claim, counter), "x")
    assert set(again.carried) == {"right", "left"}
    again.form.go("od_written")
    press(again.form, "-2")
    assert again.carried == {}
    assert problem_of(again) == ("og_written", "missing_correction")


def test_the_quote_is_that_of_the_domain(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Class A under a contrat responsable leaves nothing to pay, whatever the grid."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1")
    entry: ClaimEntry = read_entry(claim)
    total = counter.quote(complete(entry, counter).draft).quote.total
    assert GRID.frame > 0
    assert (total.price, total.amo, total.amc) == (9500, 1710, 7790)


def test_the_whole_prescription_fits_the_right_field(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Both eyes as they are written, either sign of cylinder: each has its own code and reason."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "2", "OD +2,00 (-3,00) 90° OG plan", "enter", "enter", "120", "enter", "150")
    completed = complete(read_entry(claim), counter)
    reasons = {eye: [clause.code for clause in choice.reason] for eye, choice in completed.choices.items()}
    assert reasons == {"right": ["transposed", "sphere_band", "cylinder_band"], "left": ["as_written", "neutral"]}
    codes = [line.lpp_code for line in completed.draft.lines if line.item == "lens"]
    assert codes == [str(choice.item.code) for choice in completed.choices.values()]
    assert completed.draft.lines[1].lpp_code == "2208756"


def test_an_unknown_tariff_is_asked_for_one_line_only(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """The error names the place; the other eye keeps its known price; a base can be typed too, with its source."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1", "-1", "enter", "-9")
    with pytest.raises(TariffUnknown) as unknown:
        complete(read_entry(claim), counter)
    assert unknown.value.facts["place"] == "og"
    claim.ask_tariff("og", "plv")
    claim.form.go("og_plv")
    press(claim.form, "80", "enter", "tarif")
    lenses = [line for line in draft_of(claim, counter).lines if line.item == "lens"]
    assert [(line.price, line.plv, line.plv_reason) for line in lenses] == [(3250, None, None), (8000, 8000, "TARIF")]
    claim.ask_tariff("frame", "base")
    assert problem_of(claim) == ("frame_base", "missing_base")
    claim.form.go("frame_base")
    press(claim.form, "9")
    completed = complete(read_entry(claim), counter)
    assert (completed.draft.lines[0].base, completed.draft.lines[0].plv_reason) == (900, "TARIF")
    with pytest.raises(LineInvalid) as invalid:
        completed.naming_places(lambda draft: counter.quote(replace(draft, lines=(replace(draft.lines[0], base=1),))))
    assert invalid.value.facts["place"] == "frame"


def test_an_early_renewal_asks_for_a_ground_of_that_age(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """Two grounds for an adult, three under six; none when it is not early, nor for contact lenses."""
    claim = begin(MARIE)
    press(claim.form, "1211", "down", "down", "01012020")
    assert claim.form["ground"].hidden
    claim.form.go("last")
    press(claim.form, "01062025")
    assert (claim.form["ground"].hidden, claim.grounds) == (False, ("sight_changed", "medical_situation"))
    press(claim.form, "2", "1")
    draft = draft_of(claim, counter)
    assert (draft.last_glasses, draft.ground) == (date(2025, 6, 1), "medical_situation")
    again = refill(claim.offer, draft, "x")
    assert problem_of(again) == ("ground", "missing_ground")
    claim.form.go("model")
    press(claim.form, "4", "60", "enter")
    contact = draft_of(claim, counter)
    assert (contact.last_glasses, set(contact.last_contact_lenses), contact.ground) == (None, {"right", "left"}, None)
    moon = begin(MOON)
    moon.form.go("last")
    press(moon.form, "01062025")
    assert moon.form["ground"].hidden, "the age is not known yet"
    moon.form.go("birth")
    press(moon.form, "15061968")
    assert (moon.form["ground"].hidden, len(moon.grounds)) == (False, 2)
    small = begin(replace(LEO, birth_date=date(2022, 1, 1)))
    press(small.form, "1211", "down", "down", "01062026")
    assert len(small.grounds) == 3


def test_an_orthoptist_is_told_apart(begin: Begin, press: Press, counter: SceneCounter) -> None:
    """The prescriber is a physician until somebody says otherwise."""
    claim = begin(MARIE)
    press(claim.form, "1211", "down", "2", "1")
    assert draft_of(claim, counter).prescriber == "orthoptist"
    assert "orthoptist" not in repr(read_entry(claim))
