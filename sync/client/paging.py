"""Lists that an insurer gives in pages: read to their end, which has to come.

Rules: a page that is not full is the last; each page has to lead on from the one before; a list that goes on beyond
`most` is given up as a whole, because what comes in no end is no answer.
"""

from collections.abc import Callable, Sequence

from sync.errors import InsurerUnreachable


def all_pages(
    page_after: Callable[[int], Sequence[str]],
    last_of: Callable[[Sequence[str]], int],
    *,
    after: int,
    full: int,
    most: int,
) -> list[str]:
    """What all pages hold together, from number `after` on; InsurerUnreachable when they do not lead to an end."""
    found: list[str] = []
    while True:
        page = page_after(after)
        found += page
        if len(page) < full:
            return found
        last = last_of(page)
        if last <= after or len(found) >= most:
            raise InsurerUnreachable("the pages come to no end")
        after = last
