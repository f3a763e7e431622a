"""What the tests of the domain share: the real catalogue, a short way to write a quote, and a look at every message."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from terminal.catalogue import Catalogue, load_catalogue
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.domain.pricing import LineInput, QuoteInput
from terminal.domain.rights import Contract

ItemOf = Callable[[str], LppItem]
LineOf = Callable[..., LineInput]
QuoteOf = Callable[..., QuoteInput]


@pytest.fixture(autouse=True)
def every_message_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test provokes: a refusal has an English message of its own, acronyms in capitals, and whole facts."""
    make = DomainError.__init__

    def looked_at(self: DomainError, message: str = "", **facts: str | int) -> None:
        assert re.fullmatch("[a-z][a-zA-Z0-9 ,'-]+", message), message
        assert not re.search(r"\b(nir|plv|pl|am[co]|lpp|yyyy|class [ab])\b", message), message
        assert all(isinstance(fact, str | int) and "XX" not in str(fact) for fact in facts.values()), facts
        assert "XX" not in message
        make(self, message, **facts)

    monkeypatch.setattr(DomainError, "__init__", looked_at)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue that the program carries."""
    return load_catalogue()


@pytest.fixture(scope="session")
def line_of(catalogue: Catalogue) -> LineOf:
    """A line from the digits of a code and a price; the item follows the code."""

    def build(code: str, price: int, **fields: Any) -> LineInput:
        lpp = catalogue.item(LppCode.parse(code))
        return LineInput(**({"item": lpp.item, "eye": None, "lpp": lpp, "price": price} | fields))

    return build


@pytest.fixture(scope="session")
def quote_of() -> QuoteOf:
    """A quote of these lines for an adult on 14 May 2024 at 60 % without a contract, unless told otherwise."""

    def build(*lines: LineInput, **fields: Any) -> QuoteInput:
        usual: dict[str, Any] = {
            "service_date": date(2024, 5, 14),
            "birth_date": date(1984, 5, 17),
            "amo_rate": 60,
            "contract": Contract("none"),
        }
        return QuoteInput(**(usual | fields | {"lines": lines}))

    return build
