"""`comptoir demo`: the installed script plays the whole job, online and offline, in process and through PC/SC."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.cli.demo_hostile import NAMES, SHOWN
from terminal.i18n import error_text, sentences
from tests.pcscd_fixture import Pcscd

SCRIPT = Path(sys.executable).with_name("comptoir")


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the demonstration without a screen."""
    line = [str(SCRIPT), "demo", "--headless", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)


def told(claims: int, **more: object) -> dict[str, object]:
    """What a demonstration that held says, but for its steps."""
    counts = ("claims", "acknowledged", "receipts_verified", "opened", "identical")
    return {"ok": True, "duplicates": 0, **dict.fromkeys(counts, claims), **more}


@pytest.mark.parametrize("offline", [False, True])
def test_twenty_claims_are_acknowledged_once_each(offline: bool) -> None:
    """20 claims, 20 verified receipts, 0 duplicates, 20 opened as signed; also with the insurers down at first."""
    done = demo("--claims", "20", "--json", *(["--offline-first"] if offline else []))
    said = json.loads(done.stdout)
    assert said.pop("steps")
    assert (done.returncode, said) == (0, told(20, reader="emulated", offline_first=offline))


def test_claims_through_the_real_reader_service(pcscd: Pcscd) -> None:
    """The same with cards in the virtual reader of the real pcscd."""
    done = demo("--claims", "6", "--json", "--reader", "pcsc")
    said = json.loads(done.stdout)
    assert said.pop("steps")
    assert (done.returncode, said) == (0, told(6, reader="pcsc", offline_first=False))


def test_one_claim_is_told_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each: card, quote with the three shares, durable, pushed, receipt, opened alike; nothing stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = demo()
    assert list(tmp_path.iterdir()) == []
    lines = [line.replace("\u00a0", " ") for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert len(lines) == 6
    assert lines[1] == "● Devis : 95,00 €, Sécurité sociale 17,10 €, mutuelle 77,90 €, reste à charge 0,00 €."
    assert lines[-1] == "● L'organisme ouvre 1 demande(s), dont 1 identiques aux octets signés."


def test_hostile_insurers_move_nothing_and_are_named() -> None:
    """One signs with another key, one shows a wrong certificate: a line each, in French, and all claims arrive."""
    done = demo("--json", "--hostile", "signed_by_a_stranger", "certificate_of_another_authority")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"]) == (0, True)
    assert {said[name] for name in ("claims", "acknowledged", "opened", "identical")} == {6}
    told = [(one["code"], one["state"], one["intact"], one["beside"], one["arrived"]) for one in said["cases"]]
    assert told == [
        ("receipt_invalid", "sending", True, "acknowledged", True),
        ("insurer_untrusted", "queued", True, "acknowledged", True),
    ]
    assert [one["reason"] for one in said["cases"]] == [" ".join(error_text(code)) for code, *_ in told]
    assert [line[0] for line in said["steps"]] == ["▲", "▲", "●"]
    assert "signe l'accusé avec une clé inconnue" in said["steps"][0]


def test_every_hostile_insurer_has_its_words_and_an_unknown_one_is_refused() -> None:
    """What each does is said in French; a name that there is not ends at once, with the names that there are."""
    assert {f"cli.hostile.{name}" for name in NAMES} <= sentences().keys()
    assert set(SHOWN) <= set(NAMES)
    done = demo("--hostile", "friendly", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["facts"]["name"]) == (1, "hostile_unknown", "friendly")


def test_a_kept_folder_holds_a_home_that_verifies(tmp_path: Path) -> None:
    """With --keep the folder stays."""
    assert demo("--keep", str(tmp_path / "kept")).returncode == 0
    verdict = subprocess.run(
        [str(SCRIPT), "verify", "--home", str(tmp_path / "kept" / "home"), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(verdict.stdout)["ok"] is True
