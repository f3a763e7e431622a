"""Finding claims: by number and day and state from indexes, by name and amount in the dossiers.

Rules: a name stands nowhere but in sealed dossiers, and no index of names is made: dossiers are opened one after the
other, newest first, and nothing is kept of those that are not shown. One call reads at most `SPAN` of them and says
where to go on, so that nothing waits long and nothing grows with the history. What is shown is noted as listed.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from sync.queue.tables import milliseconds
from terminal.domain.claim import ClaimState
from terminal.domain.search import Days, Search
from terminal.vault.listing import NEWEST, Listing, Place
from terminal.workflow.desk import PARIS, Desk
from terminal.workflow.followed import Found
from terminal.workflow.track import items_of, unproved_of

SPAN: Final = 2000
"""Dossiers that one call opens at most."""
_ALL: Final = tuple(str(state) for state in ClaimState)


def find(desk: Desk, wanted: Search, before: int | None = None, limit: int = 50) -> Found:
    """The next claims of a search, perhaps none before `Found.before` is None; Locked, RoleRefused."""
    asked = SPAN if wanted.looks_inside else limit
    places = _candidates(Listing(desk.home.store), wanted, NEWEST if before is None else before, asked)
    shown, goes_on = list[str](), len(places) == asked and not wanted.numbers
    last = places[-1].entry if places else 0
    for place in _holding(desk, wanted, places):
        shown.append(place.claim_id)
        if len(shown) == limit:
            last, goes_on = place.entry, goes_on or place is not places[-1]
            break
    return Found(items_of(desk, shown, unproved_of(desk)), last if goes_on else None)


def _candidates(listing: Listing, wanted: Search, before: int, limit: int) -> list[Place]:
    """What may be meant, as far as indexes know."""
    if wanted.numbers:
        found = listing.numbered(wanted.numbers)
        return [place for place in found if place.entry < before and _fits(place, wanted)]
    if wanted.states or wanted.days:
        spans = [_instants(days) for days in wanted.days] or [(0, NEWEST)]
        return listing.dated(wanted.states or _ALL, spans, before, limit)
    return listing.all(before, limit)


def _fits(place: Place, wanted: Search) -> bool:
    spans = [_instants(days) for days in wanted.days]
    dated = not spans or any(first <= place.created_at < end for first, end in spans)
    return dated and (not wanted.states or place.state in wanted.states)


def _holding(desk: Desk, wanted: Search, places: list[Place]) -> Iterator[Place]:
    if not wanted.looks_inside:
        yield from places
        return
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    inside = desk.vault.dossiers.glances(place.claim_id for place in places)
    for place, glance in zip(places, inside, strict=True):
        if glance is None:
            continue
        said = f"{glance.surname} {glance.given_name} {names.get(place.insurer, '')}"
        if wanted.holds(said, (glance.price, glance.amc, glance.reste_a_charge)):
            yield place


def _instants(days: Days) -> tuple[int, int]:
    """The span in milliseconds: from the first midnight in France to the one after the last day."""
    return _midnight(days.first), _midnight(days.last + timedelta(days=1))


def _midnight(day: date) -> int:
    return milliseconds(datetime.combine(day, time.min, PARIS))
