"""What a technician sees of the equipment: device secret, readers, professional card, scanner, printer, clock."""

import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware import (
    CardInserted,
    CardKind,
    CardWithdrawn,
    Doubt,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ServiceBack,
    ServiceLost,
    TrustedClock,
)
from terminal.bootstrap import home_clock
from terminal.cli.devices import event_json, event_line
from tests.forked_program import run_forked
from tests.pcscd_fixture import Bench
from tests.shop_fixture import SHOP
from tests.token_fixture import SoftTpm


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    data: dict[str, Any]

    def check(self, name: str) -> dict[str, str]:
        """The line of this name in a self-check."""
        (found,) = (check for check in self.data["checks"] if check["name"] == name)
        return dict(found)


def comptoir(*arguments: str | Path) -> Said:
    """Run a command with `--json`."""
    done = run_forked([*map(str, arguments), "--json"])
    assert "Traceback" not in done.stderr
    return Said(done.returncode, json.loads(done.stdout))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new home, bound by a file."""
    assert init(tmp_path / "home").status == 0
    return tmp_path / "home"


def init(home: Path, *more: str) -> Said:
    """Make a home by the command line."""
    return comptoir("init", "--home", home, "--shop", SHOP, "--name", "Optique Exemple", *more)


def configure(home: Path, **settings: str) -> None:
    """Change the settings as a technician does: in the file."""
    path = home / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")


def test_a_home_is_bound_by_the_provider_that_is_named(
    tmp_path: Path, tpm: SoftTpm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a TPM the self-check says bound; without it the home is a coded failure, and init says what is missing."""
    monkeypatch.setenv("TPM2TOOLS_TCTI", tpm.tcti)
    home = tmp_path / "home"
    assert init(home, "--device-secret", "tpm2").status == 0
    line = comptoir("doctor", "--home", home).check("device_secret")
    assert (line["verdict"], line["detail"]) == ("pass", "tpm2 : lié à cet appareil")
    tpm.pull()
    assert comptoir("doctor", "--home", home).check("home")["verdict"] == "fail"
    refused = init(tmp_path / "other", "--device-secret", "tpm2")
    assert (refused.status, refused.data["error"]["code"]) == (3, "device_secret_unavailable")


def test_a_provider_that_nobody_installed_is_refused(tmp_path: Path) -> None:
    """An unknown name makes no home."""
    refused = init(tmp_path / "home", "--device-secret", "magic")
    assert refused.data["error"]["code"] == "device_secret_unknown"
    assert not (tmp_path / "home" / "home.json").exists()


def test_a_weak_secret_is_called_weak(home: Path) -> None:
    """The file provider is said to be copied with the disk, in so many words."""
    line = comptoir("doctor", "--home", home).check("device_secret")
    assert line["verdict"] == "warn"
    assert "FAIBLE" in line["detail"]


def test_equipment_that_is_not_set_up_is_no_fault(home: Path) -> None:
    """A shop without scanner and printer passes."""
    said = comptoir("doctor", "--home", home)
    assert [said.check(name)["verdict"] for name in ("scanner", "printer")] == ["pass", "pass"]


def test_a_printer_that_answers_passes_and_one_that_does_not_warns(home: Path) -> None:
    """The connection is tried and nothing is printed; a profile without the euro names what it lacks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"network:127.0.0.1:{server.getsockname()[1]}"
        configure(home, printer=address)
        assert comptoir("doctor", "--home", home).check("printer")["verdict"] == "pass"
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""
        configure(home, printer_profile="simple")
        assert "€" in comptoir("doctor", "--home", home).check("printer")["detail"]
    line = comptoir("doctor", "--home", home).check("printer")
    assert (line["verdict"], bool(line["todo"])) == ("warn", True)


@pytest.mark.parametrize("scanner", ["serial:/dev/serial/by-id/none", "evdev:/dev/input/by-id/none", "usb"])
def test_a_scanner_that_is_not_there_warns(home: Path, scanner: str) -> None:
    """A device that is named and absent, or named wrongly, is a warning with what to do."""
    configure(home, scanner=scanner)
    line = comptoir("doctor", "--home", home).check("scanner")
    assert (line["verdict"], bool(line["todo"])) == ("warn", True)


def test_a_clock_before_the_mark_is_called_unsafe(home: Path) -> None:
    """A terminal that has seen a later time says so, with the reason and what to do."""
    assert comptoir("doctor", "--home", home).check("clock")["verdict"] == "pass"
    later = datetime.now(UTC) + timedelta(days=40)
    (home / "clock.mark").write_text(later.isoformat(), "ascii")
    line = comptoir("doctor", "--home", home).check("clock")
    assert line["verdict"] == "warn"
    assert "HORLOGE NON SÛRE" in line["detail"]
    assert line["todo"]


def test_the_last_signed_time_is_known_to_the_clock(tmp_path: Path) -> None:
    """What an insurer signed is part of the floor from the start."""
    clock = home_clock(tmp_path, datetime.now(UTC) + timedelta(days=3))
    assert isinstance(clock, TrustedClock)
    assert clock.doubt is Doubt.BEFORE_SIGNED
    assert home_clock(tmp_path, None).trusted


def test_the_professional_cards_software_is_looked_for(home: Path) -> None:
    """Installed or not, the line is there, and without it there is something to do."""
    line = comptoir("doctor", "--home", home).check("professional_card")
    assert line["verdict"] == "pass" or line["todo"]


def test_the_kind_of_card_is_listed(virtual_bench: Bench) -> None:
    """`reader list` says what is in each reader, by its answer to reset."""
    virtual_bench.insert("simple")
    assert comptoir("reader", "list").data["cards"][virtual_bench.reader] == "vitale_2"


def test_every_event_has_a_sentence() -> None:
    """Each event of the readers is told in French and as JSON."""
    events: list[ReaderEvent] = [
        ReaderAdded("R"),
        ReaderGone("R"),
        CardWithdrawn("R"),
        ServiceLost(),
        ServiceBack(),
        *(CardInserted("R", kind) for kind in CardKind),
    ]
    assert len({event_line(event) for event in events}) == len(events)
    assert json.loads(event_json(events[-1])) == {"event": "CardInserted", "reader": "R", "kind": "unknown"}
