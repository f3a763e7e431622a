"""A quote of shop software becomes a claim from the command line: the file, the card in the reader, nothing typed."""

import json
from pathlib import Path

import pytest

from tests.integration.counter.test_command_line import Terminal
from tests.pcscd_fixture import Bench
from tests.shop_fixture import OpenShop, Shop

LINES = [
    {"item": "frame", "lpp_code": "2222124", "class": "A", "price": 3000},
    {"item": "lens", "eye": "right", "lpp_code": "2263287", "price": 3250},
    {"item": "lens", "eye": "left", "lpp_code": "2263287", "price": 3250},
]


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """A terminal with two insurers."""
    return open_shop(grace=3600)


@pytest.fixture
def terminal(shop: Shop, tmp_path: Path) -> Terminal:
    """The same, from the shell."""
    pin = tmp_path / "pin"
    pin.write_text("2468")
    return Terminal(shop.home, pin)


def handed(folder: Path, **members: object) -> Path:
    """A file as shop software writes it."""
    path = folder / "quote.json"
    path.write_text(json.dumps({"schema": "comptoir/quote/v1", "lines": LINES, **members}, indent=2), "utf-8")
    return path


def test_a_file_and_a_card_are_a_claim(terminal: Terminal, shop: Shop, tmp_path: Path, virtual_bench: Bench) -> None:
    """Of several people one must be named; the amounts are those of the quote; the claim is durable."""
    amc = shop.counter.insurers()[1].amc
    quote = handed(tmp_path, insurer=amc, prescription_date=shop.counter.today().isoformat(), reference="187-2")
    virtual_bench.insert("famille")
    command = ("claim", "new", "--from", quote, *terminal.login())
    assert terminal.run(*command).code == "rank_missing"
    assert terminal.run(*command, "--rank", "9").code == "rank_unknown"
    made = terminal.run(*command, "--rank", "2")
    assert (made.status, made.data["state"]) == (0, "queued")
    draft = shop.counter.reopen(made.data["claim_id"])
    assert (draft.person.rank, draft.insurer, draft.model, draft.prescription_date) == (2, amc, 1, shop.counter.today())
    assert [line.price for line in draft.lines] == [3000, 3250, 3250]


def test_a_file_that_is_refused_registers_nothing(
    terminal: Terminal, shop: Shop, tmp_path: Path, virtual_bench: Bench
) -> None:
    """An insurer that nobody named, one that is not here, a person in the quote, a file that is not there."""
    virtual_bench.insert("simple")
    login = terminal.login()
    assert terminal.run("claim", "new", "--from", handed(tmp_path), *login).code == "insurer_missing"
    elsewhere = ("--insurer", "12345678", *login)
    assert terminal.run("claim", "new", "--from", handed(tmp_path), *elsewhere).code == "insurer_unknown"
    refused = terminal.run("claim", "new", "--from", handed(tmp_path, surname="VERDIERE"), *login)
    assert (refused.status, refused.code) == (1, "input_invalid")
    assert "VERDIERE" not in refused.stderr + json.dumps(refused.data)
    assert terminal.run("claim", "new", "--from", tmp_path / "nothing", *login).code == "input_invalid"
    assert shop.desk.home.outbox.summary().states == {}
