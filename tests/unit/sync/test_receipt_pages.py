"""Pages of receipts are read to their end, and one that never comes is given up."""

from collections.abc import Callable, Sequence

import pytest

from sync.client.paging import all_pages
from sync.errors import InsurerUnreachable

FULL, MOST = 3, 12


def pages_of(page_after: Callable[[int], Sequence[str]], after: int = 0) -> list[str]:
    """All pages; each entry is its own number."""
    return all_pages(page_after, lambda page: max(map(int, page)), after=after, full=FULL, most=MOST)


def numbered(total: int) -> Callable[[int], Sequence[str]]:
    """A list of so many, in pages."""
    return lambda after: [str(number) for number in range(after + 1, min(after + FULL, total) + 1)]


@pytest.mark.parametrize("total", [0, 1, FULL, FULL + 1, MOST - 1])
def test_a_list_is_read_to_its_end(total: int) -> None:
    """Every entry once, in order, also from the middle on."""
    assert pages_of(numbered(total)) == [str(number) for number in range(1, total + 1)]
    assert pages_of(numbered(total), 1) == [str(number) for number in range(2, total + 1)]


@pytest.mark.parametrize("page_after", [numbered(10**9), lambda _after: ["1", "2", "3"]], ids=["endless", "the same"])
def test_a_list_without_an_end_is_given_up(page_after: Callable[[int], Sequence[str]]) -> None:
    """Full pages for ever, new ones or the same again: nothing of it counts."""
    with pytest.raises(InsurerUnreachable):
        pages_of(page_after)
