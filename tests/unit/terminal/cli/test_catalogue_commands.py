"""`lpp import`, `versions`, `rollback`, and the questions that use the home's catalogue."""

import ast
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from terminal.cli import main
from terminal.i18n import sentences
from tests.vectors.lpp.codes import BASE, MAKER_LENS
from tests.vectors.lpp.nx import RECORD, nx_file

Run = Callable[..., tuple[int, Any, str]]
QUOTES = Path(__file__).parents[3] / "vectors" / "pricing" / "quotes"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a home of its own; status, JSON (or text), and stderr."""

    def command(*arguments: object, stdin: str = "", as_json: bool = True) -> tuple[int, Any, str]:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin.encode()), isatty=lambda: False))
        line = [str(one) for one in arguments] + ["--home", str(tmp_path / "home")] + (["--json"] if as_json else [])
        status = main(line)
        out, err = capsys.readouterr()
        return status, json.loads(out) if as_json else out, err

    return command


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The invented base as a file."""
    path = tmp_path / "LPPTOT905"
    path.write_bytes(nx_file(BASE))
    return path


def test_an_import_shows_and_changes_nothing_until_it_is_accepted(run: Run, base: Path) -> None:
    """The comparison first; with --accept the same version is in force and listed."""
    status, shown, _ = run("lpp", "import", base)
    assert (status, shown["accepted"], shown["form"]) == (0, False, "nx")
    assert (len(shown["new"]), len(shown["prices"]), len(shown["regroupements"])) == (2, 2, 2)
    assert shown["regroupements"][0] == {"lpp_code": "2264803", "deduced": "VU1", "official": "VU2"}
    assert [one["version"] for one in run("lpp", "versions")[1]["versions"]] == ["cnam-577-2020"]
    assert run("lpp", "show", MAKER_LENS)[0] == 1
    _, accepted, _ = run("lpp", "import", base, "--accept")
    assert (accepted["accepted"], accepted["digest"]) == (True, shown["digest"])
    assert run("lpp", "versions")[1]["versions"][0]["digest"] == shown["digest"]
    assert run("lpp", "show", MAKER_LENS)[1]["base"] == 5


def test_a_rollback_takes_it_back(run: Run, base: Path) -> None:
    """The former catalogue answers again; a second rollback is refused."""
    run("lpp", "import", base, "--accept")
    assert run("lpp", "rollback")[1]["version"] == "cnam-577-2020"
    assert run("lpp", "show", MAKER_LENS)[0] == 1
    status, answer, _ = run("lpp", "rollback")
    assert (status, answer["error"]["code"]) == (1, "nothing_to_roll_back")


def test_a_broken_file_is_refused_with_its_record(run: Run, base: Path) -> None:
    """In French on stderr, with the record in JSON, and nothing is in force."""
    base.write_bytes(base.read_bytes()[:-RECORD])
    status, answer, said = run("lpp", "import", base, "--accept")
    assert (status, answer["error"]["code"], answer["error"]["facts"]["record"]) == (1, "import_invalid", 52)
    assert "52" in said
    assert len(run("lpp", "versions")[1]["versions"]) == 1
    assert run("lpp", "import", base.parent / "nothing")[1]["error"]["code"] == "import_unreadable"


def test_people_see_the_same_in_french(run: Run, base: Path) -> None:
    """Counts, first lines, how many more, and what to do."""
    _, shown, _ = run("lpp", "import", base, as_json=False)
    assert "Codes nouveaux : 2\n  7300001\n  7300018\n" in shown
    assert "2263287 depuis 01/01/2027 : limite 32,50 € → 30,00 €" in shown.replace("\u00a0", " ")
    assert "2249229 depuis 01/01/2020 : limite inconnu → 90,00 €" in shown.replace("\u00a0", " ")
    assert "2264803 VU1 → VU2" in shown
    assert "et 5538 de plus" in shown
    assert "--accept" in shown
    assert "installé" in run("lpp", "import", base, "--accept", as_json=False)[1]
    assert "nx-" in run("lpp", "versions", as_json=False)[1]


def test_a_version_may_count_from_a_day(run: Run, base: Path) -> None:
    """--from says the first service date; a day that is none is bad usage."""
    _, shown, _ = run("lpp", "import", base, "--from", "2026-06-01")
    assert shown["effective_from"] == "2026-06-01"
    with pytest.raises(SystemExit) as raised:
        run("lpp", "import", base, "--from", "1er juin")
    assert raised.value.code == 2


def test_a_code_that_will_end_still_answers(run: Run, base: Path) -> None:
    """An end that is announced for later closes nothing today, neither for `show` nor for the choice of a lens."""
    codes = [replace(code, ended=date(2999, 1, 1)) if code.code == "2263287" else code for code in BASE]
    base.write_bytes(nx_file(codes))
    assert run("lpp", "import", base, "--accept")[1]["ended"]["2263287"] == "2999-01-01"
    assert run("lpp", "show", "2263287")[1]["plv"] == 3250
    asked = json.dumps({"type": "unifocal", "class": "A", "sphere": -100, "cylinder": 0})
    assert run("lpp", "code", stdin=asked)[1]["lpp_code"] == "2263287"
    assert [one["lpp_code"] for one in run("lpp", "search", "2263287")[1]["items"]] == ["2263287"]


def test_a_quote_uses_the_homes_catalogue(run: Run, base: Path) -> None:
    """The same quote, then with imported tariffs: another version, and the class A equipment has its price."""
    data = (QUOTES / "E5.quote.json").read_text(encoding="utf-8")
    before = run("quote", stdin=data)[1]
    assert (before["catalogue"], before["class_a"]["total"]) == ("cnam-577-2020", None)
    run("lpp", "import", base, "--accept")
    after = run("quote", stdin=data)[1]
    assert after["catalogue"].startswith("nx-")
    assert after["class_a"]["total"]["reste_a_charge"] == 0
    assert after["lines"] == before["lines"]


def test_a_quote_explains_itself_in_french(run: Run) -> None:
    """Every amount with its rule and source, the warnings, and the class A equipment."""
    for name in (path.name.removesuffix(".quote.json") for path in QUOTES.iterdir()):
        data = (QUOTES / f"{name}.quote.json").read_text(encoding="utf-8")
        status, shown, _ = run("quote", "--explain", stdin=data, as_json=False)
        assert status == 0
        assert shown.count("ligne 1 :") + shown.count("Ligne 1 :") >= 5
    said = run("quote", "--explain", stdin=data_of("E10"), as_json=False)[1].replace("\u00a0", " ")
    assert "mutuelle 159,97 €, plafond a de 420,00 € : 40,00 € en moins [CSS R871-2 3]" in said
    assert "base 0,05 €, code 2264861, confiance haute [cnam-577-2020 generic_codes.csv:" in said
    assert "frais réels 200,00 € dont Sécurité sociale 0,03 € [garanties du contrat]" in said
    assert "reste 50,00 €, prix 150,00 € moins 0,03 € moins 99,97 €\n" in said
    assert "Équipement de classe A : reste à payer 0,00 €." in said
    assert "incomplet" in run("quote", stdin=data_of("E5"), as_json=False)[1]


def data_of(name: str) -> str:
    """The JSON of a worked example."""
    return (QUOTES / f"{name}.quote.json").read_text(encoding="utf-8")


def test_a_written_correction_is_explained_in_french(run: Run) -> None:
    """The sentence of the nomenclature's best known trap; both eyes one below the other."""
    asked = json.dumps({"type": "unifocal", "class": "A", "text": "OD +2,00 (-3,00) 90° add 2,00 OG plan"})
    status, shown, _ = run("lpp", "code", stdin=asked, as_json=False)
    assert status == 0
    assert "  transposé : −1,00 (+3,00) 180°, tranche [0 ; −2], cylindre ≤ 4\n" in shown
    assert "addition" in shown
    assert "verre neutre" in shown
    status, answer, _ = run("lpp", "code", stdin=json.dumps({"type": "unifocal", "class": "A", "text": "1,25"}))
    assert (status, answer["error"]["code"]) == (1, "correction_unreadable")


def test_every_sentence_of_a_warning_or_a_reason_belongs_to_a_code() -> None:
    """No sentence of these tables is left over from a code that the domain no longer says."""
    rooms = (Path(__file__).parents[4] / "terminal" / "domain").glob("*.py")
    source = "\n".join(path.read_text(encoding="utf-8") for path in rooms)
    words = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for table in ("cli.warning.", "cli.explain.", "cli.lens_reason.", "cli.lens_note."):
        keys = {key.removeprefix(table) for key in sentences() if key.startswith(table)}
        assert len(keys) > 3
        made = {f"{kind}_applied" for kind in ("ceiling", "floor", "ani_floor")} | {"possible_duplicate"}
        made |= {f"amc_{rule}" for rule in ("none", "ticket_moderateur", "class_a", "grid", "real_cost")}
        made |= {f"amc_{kind}" for kind in ("ceiling", "floor", "ani_floor")}
        assert sorted(keys - words - made) == []
