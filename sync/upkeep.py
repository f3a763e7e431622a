"""What an enrolment needs to stay good: the insurer's present keys and profile, and a certificate that has not ended.

Rules: keys and profile are taken together or not at all, when a key that is trusted already announced them, and never
an older version; a profile that only counts from a later day waits beside the one in force. A certificate is renewed
from two thirds of its life on, and the new one is kept only after the insurer answered a request made with it. What is
kept is one exchange of one row, and only if nobody else changed it meanwhile; a cut at any point leaves the old or the
new enrolment, both good, and the next round begins again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, Protocol

from sync.crypto.certificates import certified_key, make_csr, not_after, not_before, requested_key, subject
from sync.errors import InsurerRefused, KeyInvalid, RenewalInvalid, StoreError, SyncError
from sync.insurers import InsurerBook, InsurerRecord
from sync.trust import Told, followed

RENEW_AT: Final = 2 / 3
"""Part of a certificate's life after which the next one is asked for: 60 of 90 days, so 30 days of tries."""


class Line(Protocol):
    """A line to one insurer, as far as an enrolment goes."""

    def told(self) -> Told:
        """Key set and profiles as they were signed; nothing of them is judged."""

    def renew(self, certificate_request: str) -> str:
        """The next certificate (PEM) for a request (PKCS#10 PEM); not judged."""

    def now(self) -> datetime:
        """The time, as the insurer told it when this machine's clock turned out to be off."""


@dataclass(frozen=True)
class Hands:
    """How a round reaches insurers: a line to each, and a first question asked with another enrolment's certificate."""

    line: Callable[[str], Line]
    prove: Callable[[InsurerRecord], None]
    tls_key: bytes = field(repr=False)
    device: str
    beat: Callable[[], None] = lambda: None
    """Called before each insurer: the caller's sign of life."""


@dataclass
class Round:
    """What one round changed (insurers whose terms, or certificate, are new), and a code for each that failed."""

    terms: list[str] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def keep_up(book: InsurerBook, hands: Hands, today: date) -> Round:
    """One round over every enrolment. Errors of insurers are in the answer, those of the store are raised."""
    done = Round()
    for record in book.all():
        hands.beat()
        for step in _steps(book, hands, record.amc, today, done):
            try:
                step()
            except StoreError:
                raise
            except SyncError as error:
                done.errors.setdefault(record.amc, _code_of(error))
    return done


def is_due(certificate_pem: str, now: datetime) -> bool:
    """Whether the next certificate is to be asked for; KeyInvalid."""
    pem = certificate_pem.encode("ascii")
    start, end = not_before(pem), not_after(pem)
    return now >= start + (end - start) * RENEW_AT


def _steps(book: InsurerBook, hands: Hands, amc: str, today: date, done: Round) -> Iterator[Callable[[], None]]:
    """Terms and certificate fail each for itself; each begins from what is kept when it begins."""
    yield lambda: _follow(book, hands, book.get(amc), today, done)
    yield lambda: _renew(book, hands, book.get(amc), done)


def _follow(book: InsurerBook, hands: Hands, record: InsurerRecord, today: date, done: Round) -> None:
    new = followed(record, hands.line(record.amc).told(), today)
    if new != record and book.exchange(record, new):
        done.terms.append(record.amc)


def _renew(book: InsurerBook, hands: Hands, record: InsurerRecord, done: Round) -> None:
    line = hands.line(record.amc)
    if not is_due(record.certificate_pem, line.now()):
        return
    request = make_csr(hands.tls_key, hands.device)
    new = replace(record, certificate_pem=line.renew(request.decode("ascii")))
    _check(record, new, requested_key(request), hands.device)
    hands.prove(new)
    if book.exchange(record, new):
        done.certificates.append(record.amc)


def _check(record: InsurerRecord, new: InsurerRecord, key: str, device: str) -> None:
    """A certificate for this terminal's key, in its name, that lasts longer than the present one; RenewalInvalid."""
    try:
        pem = new.certificate_pem.encode("ascii")
        fits = certified_key(pem) == key and subject(pem) == device
        lasts = not_after(pem) > not_after(record.certificate_pem.encode("ascii"))
    except (KeyInvalid, UnicodeEncodeError) as error:
        raise RenewalInvalid("the answer holds no certificate") from error
    if not fits or not lasts:
        raise RenewalInvalid("a certificate of another key or name, or one that ends no later")


def _code_of(error: SyncError) -> str:
    return str(error.facts["problem"]) if isinstance(error, InsurerRefused) else error.code
