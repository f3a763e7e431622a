"""The posted letter: what it says, to whom, where it lies, and what becomes of one that went astray."""

import json
import re
import stat
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.contract.activation import ActivationCode
from sync.errors import ContractError
from sync.receiver.cli import main
from sync.receiver.db import Ledger
from sync.receiver.enrol import invitations_known, invite, withdraw
from sync.receiver.folder import create_insurer
from sync.receiver.intake import Intake
from sync.receiver.letter import Posted, address_lines, as_pdf, as_text
from sync.receiver.refusal import Refusal
from sync.receiver.terms import Terms, parse_settings, profile_of
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, SHOP, Clock, Visitor

ADDRESS = ("OPTIQUE DE L'ÉTÉ", "1 RUE DU CŒUR", "75999 PARIS")


def posted(**changed: Any) -> Posted:
    """A letter to an invented shop."""
    usual: dict[str, Any] = {
        "insurer": "Mutuelle d'essai",
        "amc": AMC,
        "shop": SHOP,
        "addressee": ADDRESS,
        "invitation": "ABCD2345",
        "code": ActivationCode.generate().grouped(),
        "expires_at": datetime(2026, 12, 22, 23, 30, tzinfo=UTC),
    }
    return Posted(**{**usual, **changed})


def printed(pdf: bytes) -> list[str]:
    """The texts a PDF shows, in order, from its content streams."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    content = b"".join(_unfolded(stream) for stream in streams)
    shown = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", content, re.DOTALL)
    return [re.sub(rb"\\(.)", rb"\1", text).decode("latin-1") for text in shown]


def _unfolded(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)  # the last byte may be taken for a line's end
    except zlib.error:
        return stream


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An insurer of this test's own."""
    stated = {"amc": AMC, "name": "Mutuelle d'essai", "convention": CONVENTION, "endpoint": ORIGIN, "hosting": "ici"}
    settings = parse_settings(stated)
    profile = profile_of(settings, "lpp", Terms(), Clock().at.date())
    create_insurer(tmp_path / "own", settings, profile, Clock().at)
    return tmp_path / "own"


def test_both_forms_say_the_same() -> None:
    """Code in its groups, invitation in two, the shop and its address, the last day in France: text and PDF alike."""
    letter = posted()
    text, pdf = as_text(letter), " ".join(printed(as_pdf(letter)))
    for said in (
        letter.code,
        "ABCD-2345",
        "23/12/2026",
        SHOP,
        AMC,
        "OPTIQUE DE L'ÉTÉ",
        "75999 PARIS",
        "Mutuelle d'essai",
    ):
        assert said in text
        assert said in pdf
    assert "1 RUE DU CŒUR" in text
    assert "1 RUE DU COEUR" in pdf
    assert max(map(len, text.splitlines())) <= 80
    assert as_pdf(letter).count(b"/Type /Page\n") == 1


def test_a_letter_names_nobody_and_shows_no_secret() -> None:
    """Its facts are the shop's and the insurer's; its `repr` holds no code."""
    letter = posted()
    assert set(Posted.__dataclass_fields__) == {
        *("insurer", "amc", "shop", "addressee", "invitation", "code", "expires_at")
    }
    assert letter.code not in repr(letter)


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != "" and text.isprintable()))
def test_any_printable_name_makes_a_page(name: str) -> None:
    """A shop's name in any script gives a letter; what the fonts have not is spelt with what they have."""
    letter = posted(addressee=address_lines([name]))
    assert as_pdf(letter).startswith(b"%PDF-")
    assert name.strip() in as_text(letter)


@pytest.mark.parametrize("lines", [["x" * 61], ["a"] * 7, [" "], ["a\nb"], ["a\x07"]])
def test_an_address_fits_its_window(lines: list[str]) -> None:
    """Too long, too many, empty or unprintable lines are refused."""
    with pytest.raises(ContractError):
        address_lines(lines)


@pytest.mark.parametrize("suffix", ["txt", "pdf"])
def test_the_code_is_in_the_letter_only(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    """`invite --letter` writes a private file, prints no code, and does not overwrite; the letter enrols."""
    file = tmp_path / f"letter.{suffix}"
    command = ["invite", "--dir", str(folder), "--shop", SHOP, "--letter", str(file), "--address", ADDRESS[0], "--json"]
    assert main(command) == 0
    out = capsys.readouterr().out
    told = json.loads(out)["letter"]
    assert set(told) == {"invitation", "shop", "expires_at", "file"}
    text = file.read_text("utf-8") if suffix == "txt" else " ".join(printed(file.read_bytes()))
    (code,) = re.findall(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z*~$=]", text)
    assert ActivationCode.parse(code).grouped() == code
    assert code not in out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert main(command) == 1
    assert file.read_bytes() == before
    with Ledger.at(folder / "intake" / "intake.db") as ledger:
        assert [one.standing for one in invitations_known(ledger, Clock().at)] == ["open"]


def test_a_letter_that_cannot_be_written_is_withdrawn(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No invitation stays open whose letter is nowhere; another form than text and PDF is refused before."""
    for target, known in ((tmp_path / "letter.doc", 0), (tmp_path / "nowhere" / "letter.txt", 1)):
        assert main(["invite", "--dir", str(folder), "--shop", SHOP, "--letter", str(target), "--json"]) == 1
        with Ledger.at(folder / "intake" / "intake.db") as ledger:
            assert [one.standing for one in invitations_known(ledger, Clock().at)] == ["withdrawn"] * known
    capsys.readouterr()


def test_invitations_are_listed_and_withdrawn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`invitations list` shows how each stands, `withdraw` closes one; an unknown one is an error."""

    def run(*arguments: str, status: int = 0) -> str:
        assert main([*arguments, "--dir", str(folder)]) == status
        return capsys.readouterr().out

    invitation = json.loads(run("invite", "--shop", SHOP))["letter"]["invitation"]
    assert f"{invitation}  shop {SHOP}  open" in run("invitations", "list")
    assert json.loads(run("invitations", "withdraw", "--invitation", invitation)) == {"withdrawn": invitation}
    (listed,) = json.loads(run("invitations", "list", "--json"))["invitations"]
    assert (listed["invitation"], listed["standing"], listed["attempts"]) == (invitation, "withdrawn", 0)
    run("invitations", "withdraw", "--invitation", "00000000", status=1)


def test_each_end_of_an_invitation_is_named(intake: Intake, ledger: Ledger, stranger: Visitor, clock: Clock) -> None:
    """Open, used, locked, withdrawn, expired; a withdrawn one enrols nobody."""
    letters = [invite(ledger, SHOP, clock()) for _ in range(5)]
    intake.enrol(stranger.enrolment(letters[1]))
    for _ in range(5):
        with pytest.raises(Refusal):
            intake.enrol(stranger.enrolment(letters[2], ActivationCode.generate().grouped()))
    withdraw(ledger, letters[3].invitation)
    with pytest.raises(Refusal) as refused:
        intake.enrol(stranger.enrolment(letters[3]))
    assert refused.value.problem.code == "invitation_closed"

    def standings() -> list[str]:
        found = {one.invitation: one.standing for one in invitations_known(ledger, clock())}
        return [found[letter.invitation] for letter in letters]

    assert standings() == ["open", "used", "locked", "withdrawn", "open"]
    clock.at = letters[4].expires_at
    assert standings()[4] == "expired"
