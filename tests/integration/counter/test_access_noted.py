"""What people do at a terminal stands in its access journal, without a name, and `verify` guards it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.contract.envelope import DISPATCH_TYP, Dispatch, decode
from sync.errors import ClaimNotCorrectable, PinWrong
from terminal.cli import main
from terminal.vault.acts import Act
from terminal.workflow.correct import reveal_nir
from terminal.workflow.verify import verify_home
from tests.shop_fixture import PIN, USER, OpenShop, Shop


def noted(shop: Shop, after: int = 0) -> list[tuple[str, str, str]]:
    """What was done, on which claim, how it ended."""
    entries = shop.desk.vault.journal.entries()[after:]
    return [(entry.what, entry.subject, entry.outcome) for entry in entries]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON of a command."""
    capsys.readouterr()
    status = main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_each_act_is_an_entry_with_its_outcome(open_shop: OpenShop) -> None:
    """Log-in, refused log-in, claim, correction, list, opening, full NIR, cancelling, refused cancelling."""
    shop = open_shop(grace=600)
    counter = shop.counter
    with pytest.raises(PinWrong):
        counter.unlock(USER, "9999")
    counter.unlock(USER, PIN)
    begun = len(noted(shop))
    person = shop.person()
    first = counter.submit(shop.draft(person)).claim_id
    reopened = counter.reopen(first)
    second = counter.submit(replace(reopened, member="A0001"), replaces=first).claim_id
    counter.worklist()
    counter.worklist()
    reveal_nir(shop.desk, second, person)
    counter.cancel(second)
    with pytest.raises(ClaimNotCorrectable):
        counter.cancel(second)
    assert noted(shop)[begun - 2 : begun] == [(Act.UNLOCKED, USER, "pin_wrong"), (Act.UNLOCKED, USER, "done")]
    assert noted(shop, begun) == [
        (Act.CLAIM_SUBMITTED, first, "done"),
        (Act.DOSSIER_OPENED, first, "done"),
        (Act.CLAIM_CORRECTED, first, "done"),
        (Act.CLAIM_SUBMITTED, second, "done"),
        (Act.DOSSIER_LISTED, second, "done"),
        (Act.NIR_REVEALED, second, "done"),
        (Act.CLAIM_CANCELLED, second, "done"),
        (Act.CLAIM_CANCELLED, second, "claim_not_correctable"),
    ]
    about = shop.desk.vault.journal.entries()[begun:]
    assert len({entry.whom for entry in about}) == 1
    assert all(len(entry.whom) == 64 and entry.who == USER and entry.origin == "counter" for entry in about)
    told = repr(about)
    assert person.surname not in told
    assert person.nir.digits not in told


def test_a_dispatch_says_where_the_journal_stands(shop: Shop) -> None:
    """The next message to each insurer carries number and digest of the newest entry, under the device's signature."""
    for insurer in (0, 1):
        claim_id = shop.counter.submit(shop.draft(insurer=insurer)).claim_id
        newest = shop.desk.vault.journal.entries()[-1].entry
        row = shop.desk.home.outbox.get(claim_id)
        shop.desk.home.outbox.dispatch(row.insurer, [claim_id], shop.desk.home.signer, shop.desk.now())
        signed = shop.desk.home.outbox.get(claim_id).dispatch or ""
        said = decode(shop.desk.home.signer.public.verify(DISPATCH_TYP, signed), Dispatch).journal
        assert said is not None
        assert said.count == newest
    assert all(check.ok for check in verify_home(shop.desk))


def test_the_journal_is_read_by_the_responsible_person_alone(
    open_shop: OpenShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`evidence journal` shows labels and pseudonyms; staff are refused, and the refusal is an entry."""
    shop = open_shop(with_insurers=())
    pins = {"camille": PIN, "nadia": "1357"}
    for user, pin in pins.items():
        (tmp_path / user).write_text(pin)
    home = ("--home", str(shop.home))
    login = ("--user", "camille", "--pin-file", str(tmp_path / "camille"))
    new = ("user", "add", "nadia", "Nadia K.", "--new-pin-file", str(tmp_path / "nadia"))
    assert main([*new, *login, *home]) == 0
    status, found = asked(capsys, "evidence", "journal", *login, *home)
    assert status == 0
    assert found["entries"][-1]["what"] == "journal_read"
    assert "Nadia" not in json.dumps(found)
    assert main(["evidence", "journal", *login, *home]) == 0
    assert "Journal consulté" in capsys.readouterr().out
    staff = ("--user", "nadia", "--pin-file", str(tmp_path / "nadia"))
    status, refused = asked(capsys, "evidence", "journal", *staff, *home)
    assert (status, refused["error"]["code"]) == (1, "role_refused")
    assert noted(shop)[-1] == (Act.JOURNAL_READ, "", "role_refused")


def test_verify_fails_once_an_entry_was_changed(
    open_shop: OpenShop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself: passes before, with and without a PIN; fails after one changed letter, with status 1."""
    shop = open_shop(with_insurers=())
    shop.counter.unlock(USER, PIN)
    (tmp_path / "pin").write_text(PIN)
    home, login = ("--home", str(shop.home)), ("--user", USER, "--pin-file", str(tmp_path / "pin"))
    for arguments, sealed in ((home, "seal needs a PIN"), ((*home, *login), "seal checked")):
        status, found = asked(capsys, "verify", *arguments)
        line = next(check for check in found["checks"] if check["name"] == "journal")
        assert (status, line["ok"]) == (0, True)
        assert sealed in line["detail"]
    with shop.desk.home.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER journal_unchanged")
        connection.exec_driver_sql("UPDATE journal SET who = 'nadia' WHERE entry = 1")
    status, found = asked(capsys, "verify", *home)
    line = next(check for check in found["checks"] if check["name"] == "journal")
    assert (status, line["ok"]) == (1, False)
    assert "entry 1" in line["detail"]
