"""What is typed into the search field, read once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.search import Days, Search, SearchInvalid, fold, read_search
from terminal.wording import state_words

TODAY = date(2026, 11, 22)


def read(typed: str) -> Search:
    """The search of today."""
    return read_search(typed, TODAY, state_words())


@pytest.mark.parametrize(
    ("typed", "search"),
    [
        ("0412", Search(numbers=((None, 412),))),
        ("2026-0412", Search(numbers=((2026, 412),))),
        ("95,00", Search(amounts=(9500,))),
        ("95.5 12€", Search(amounts=(9550, 1200))),
        ("12/11", Search(days=(Days(date(2026, 11, 12), date(2026, 11, 12)),))),
        ("24/12", Search(days=(Days(date(2025, 12, 24), date(2025, 12, 24)),))),
        ("29/02", Search(days=(Days(date(2024, 2, 29), date(2024, 2, 29)),))),
        ("3/1/25", Search(days=(Days(date(2025, 1, 3), date(2025, 1, 3)),))),
        ("12/2025", Search(days=(Days(date(2025, 12, 1), date(2025, 12, 31)),))),
        ("Rejets", Search(states=("rejected",))),
        ("payée refusees", Search(states=("paid", "refused"))),
        ("en file", Search(states=("queued",))),
        ("Dupont-Éluard zoé", Search(words=("dupont", "eluard", "zoe"))),
        ("", Search()),
    ],
)
def test_each_kind_of_word_is_known_by_its_form(typed: str, search: Search) -> None:
    """Figure, amount, day, month, state; whatever else is a name."""
    assert read(typed) == search


@pytest.mark.parametrize("typed", ["31/02/2026", "0/11", "31/04", "13/2026", "1/13"])
def test_a_day_that_is_none_is_refused(typed: str) -> None:
    """Rather than found nowhere."""
    with pytest.raises(SearchInvalid):
        read(typed)


def test_everything_that_was_typed_must_hold() -> None:
    """Beginnings of names, in any order, capitals and accents aside; every amount."""
    assert read("zo DUPONT").holds("Dupont Zoé Santé Claire", ())
    assert read("claire dup").holds("DUPONT Zoé Santé Claire", ())
    assert not read("dupont paul").holds("DUPONT Zoé", ())
    assert not read("pont").holds("DUPONT Zoé", ())
    assert read("95,00 dupont").holds("DUPONT Zoé", (9500, 100))
    assert not read("95,00 1,00").holds("DUPONT Zoé", (9500,))
    assert read("œuvr").holds("Mutuelle des Œuvres", ())


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_search_or_refused(typed: str) -> None:
    """No other error; a search shows no word of a person."""
    try:
        search = read(typed)
    except SearchInvalid:
        return
    assert "words" not in repr(search)
    assert all(fold(word) == word for word in search.words)
