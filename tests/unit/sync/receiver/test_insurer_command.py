"""`comptoir-insurer`: what it makes, what it prints, and how it refuses."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.contract.activation import ActivationCode
from sync.contract.enrolment import DirectoryEntry
from sync.contract.envelope import PROFILE_TYP, decode
from sync.contract.profile import Profile
from sync.receiver import cli
from sync.receiver.cli import main
from sync.receiver.folder import open_intake
from tests.unit.sync.receiver.visitor import AMC

INIT = ["--amc", AMC, "--name", "Mutuelle d'essai", "--convention", "OPTI", "--endpoint", "https://localhost:8443"]
HOSTED = [*INIT, "--hosting", "ici"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the JSON object on standard output."""
    status = main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_an_insurer_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` makes private files in three folders and never overwrites them."""
    folder = tmp_path / "insurer"
    init = ["init", "--dir", str(folder), *HOSTED, "--code-level", "regroupement"]
    assert run(capsys, *init)[0] == 0
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    status, answer = run(capsys, *init)
    assert (status, answer["error"]["code"]) == (1, "insurer_folder_exists")
    assert {path.name for path in folder.iterdir()} == {"authority", "intake", "opener"}
    assert modes == {0o600, 0o700}
    assert files == {path: path.read_bytes() for path in files}


def test_the_code_level_has_no_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a stated code level `init` is bad usage and makes nothing."""
    with pytest.raises(SystemExit) as caught:
        main(["init", "--dir", str(tmp_path / "insurer"), *HOSTED])
    assert caught.value.code == 2
    assert "--code-level" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [("--amc", "12", "amc"), ("--convention", "opti", "convention"), ("--endpoint", "http://x.example", "endpoint")],
)
def test_what_is_not_of_the_form_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, field: str
) -> None:
    """`init` names the option that is wrong and makes nothing."""
    arguments = [*HOSTED, "--code-level", "lpp"]
    arguments[arguments.index(option) + 1] = value
    status, answer = run(capsys, "init", "--dir", str(tmp_path / "insurer"), *arguments)
    assert (status, answer["error"]["code"]) == (1, "contract_invalid")
    assert answer["error"]["facts"] == {"field": field}
    assert list(tmp_path.iterdir()) == []


def test_a_port_out_of_range_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An endpoint with a port that does not exist is refused."""
    arguments = [*HOSTED, "--code-level", "lpp"]
    arguments[arguments.index("--endpoint") + 1] = "https://localhost:70000"
    assert run(capsys, "init", "--dir", str(tmp_path / "insurer"), *arguments)[0] == 1


def test_terms_become_the_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The operator's terms are in the signed profile; what they do not name is off."""
    grid = {"frame": 10000, "lens": {"simple": 8000, "complexe": 13000, "tres_complexe": 16000}}
    contract = {"id": "confort", "label": "Confort", "kind": "responsable", "real_cost": False, "grid": grid}
    terms = tmp_path / "terms.json"
    terms.write_text(json.dumps({"contracts": [contract], "offline_ceiling": 30000}), "utf-8")
    folder = tmp_path / "insurer"
    status, _ = run(capsys, "init", "--dir", str(folder), *HOSTED, "--code-level", "lpp", "--terms", str(terms))
    material = open_intake(folder)
    profile = decode(material.signer.public.verify(PROFILE_TYP, material.announced.profile_jws), Profile)
    assert status == 0
    assert msgspec.to_builtins(profile.contracts) == (contract,)
    assert (profile.code_level, profile.offline_ceiling, profile.fields) == ("lpp", 30000, ())


@pytest.mark.parametrize(
    "terms",
    [
        "{",
        '{"code_level": "lpp"}',
        '{"fields": [{"field": "correction", "ground": "x", "until": "2027-01-01"}]}',
        '{"contracts": [{"id": "a", "label": "A", "kind": "responsable", "real_cost": false}]}',
        '{"contracts": []}',
    ],
    ids=["not JSON", "unknown member", "a field the claim has not", "responsable without grid", "no contract"],
)
def test_terms_that_do_not_hold_make_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], terms: str) -> None:
    """Terms that are not of the form are refused before any key is made."""
    file = tmp_path / "terms.json"
    file.write_text(terms, "utf-8")
    folder = tmp_path / "insurer"
    status, answer = run(capsys, "init", "--dir", str(folder), *HOSTED, "--code-level", "lpp", "--terms", str(file))
    assert (status, answer["error"]["code"]) == (1, "contract_invalid")
    assert not folder.exists()


def test_an_invitation_is_a_letter_and_a_directory_entry(
    insurer_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`invite` prints what is posted, typeable, and what the directory says of this insurer."""
    status, answer = run(
        capsys, "invite", "--dir", str(insurer_folder), "--shop", "759999991", "--endpoint", "https://localhost:9443"
    )
    entry = msgspec.convert(answer["directory"], DirectoryEntry)
    assert status == 0
    assert set(answer["letter"]) == {"invitation", "activation_code", "shop", "expires_at"}
    assert ActivationCode.parse(answer["letter"]["activation_code"]).grouped() == answer["letter"]["activation_code"]
    assert (entry.amc, entry.endpoint, entry.hosting) == (AMC, "https://localhost:9443", "ici")


def test_a_shop_is_nine_digits(insurer_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`invite` refuses what is not an AM id."""
    status, answer = run(capsys, "invite", "--dir", str(insurer_folder), "--shop", "12")
    assert (status, answer["error"]["code"]) == (1, "contract_invalid")


@pytest.mark.parametrize("command", [["claims"], ["serve"], ["invite", "--shop", "759999991"]])
def test_without_an_insurer_the_environment_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Every command on an empty folder says that there is no insurer, with exit status 3, and makes nothing."""
    status, answer = run(capsys, command[0], "--dir", str(tmp_path), *command[1:])
    assert (status, answer["error"]["code"]) == (3, "insurer_folder_missing")
    assert list(tmp_path.iterdir()) == []


def test_every_word_of_the_grammar_is_where_it_is_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """What the whole help names is what the table of groups names, and each word alone is understood."""
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    ([a-z-]+)(?: |$)", capsys.readouterr().out, re.MULTILINE)
    known = [*cli._OWN, *(word for words in cli._WORDS.values() for word in words)]
    assert sorted(listed) == sorted(known)
    for word in known:
        with pytest.raises(SystemExit) as ended:
            main([word, "--help"])
        assert ended.value.code == 0, word
