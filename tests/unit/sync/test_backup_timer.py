"""The daily backup: made when it is due and its medium is there, silent when it is not, never into the home."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from hardware.keystore import open_file_secret
from sync.backup import BackupBook, BackupTimer, restore_home
from sync.contract.envelope import encode
from sync.crypto.recovery import RecoveryCode
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost
from sync.errors import BackupFolderInvalid
from sync.home import OpenHome, create_home, exchange_device_secret
from sync.marker import MARKER, BackupPlace, backup_folder, backup_place_of, keep_backup_place, read_marker
from tests.unit.sync.queue.envelopes import entry

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAPER = RecoveryCode.generate()


@dataclass
class Service:
    """A home with a timer, a stick, and a time that a test lets pass."""

    home: OpenHome
    stick: Path
    seconds: float = 0.0
    timer: BackupTimer = field(init=False)

    def __post_init__(self) -> None:
        self.timer = BackupTimer(self.home, lambda: self.seconds)

    def after(self, hours: float) -> bool:
        """Whether a backup is made when so much time has passed."""
        self.seconds += hours * 3600
        return self.timer.run(NOW + timedelta(seconds=self.seconds))

    def add_paper(self) -> None:
        """Make the paper code."""
        cheap = Argon2Cost(memory_kib=64, passes=1, lanes=1)
        slots = ShopSlots(self.home.keyslots, self.home.device_secret, lambda: cheap)
        slots.set_recovery(PAPER, slots.add_pin("camille", "2468"))

    @property
    def made(self) -> list[Path]:
        """What is on the stick."""
        return sorted(self.stick.iterdir())


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A home with one claim and a setting; a stick that was chosen."""
    (tmp_path / "stick").mkdir()
    with create_home(tmp_path / "home", open_file_secret) as home:
        home.outbox.enqueue(entry(1))
        (home.path / "config.json").write_text("{}")
        keep_backup_place(home.path, tmp_path / "stick", ("config.json", "nothing"))
        yield Service(home, tmp_path / "stick")


def test_one_a_day_and_it_restores(service: Service, tmp_path: Path) -> None:
    """At once, then not before the day is nearly over; the setting that was named goes along."""
    service.add_paper()
    assert [service.after(hours) for hours in (0, 1, 18, 2, 1)] == [True, False, False, True, False]
    assert len(service.made) == 2
    restored = restore_home(service.made[0], tmp_path / "blank", PAPER.opening(), NOW, open_file_secret)
    assert (restored.claims, restored.checks_ok) == (1, True)
    assert (tmp_path / "blank" / "config.json").read_text() == "{}"


def test_a_stick_that_is_not_there_is_waited_for(service: Service) -> None:
    """No failure is recorded; it is made within a minute after the stick is back."""
    service.add_paper()
    service.stick.rename(service.stick.with_name("pocket"))
    assert [service.after(1), service.after(30)] == [False, False]
    assert BackupBook(service.home.store).last("backup") is None
    service.stick.with_name("pocket").rename(service.stick)
    assert not service.after(0.01), "it looks once a minute"
    assert service.after(0.02)


def test_an_empty_mount_point_is_no_stick(service: Service) -> None:
    """Chosen on another medium, the folder must be on another one still; else it is the home's own card."""
    place = BackupPlace(folder=str(service.stick), other_medium=True)
    marker = msgspec.structs.replace(read_marker(service.home.path), backup=place)
    (service.home.path / MARKER).write_bytes(encode(marker))
    service.add_paper()
    assert backup_folder(service.home.path) is None
    assert not service.after(1)
    assert service.made == []


def test_what_fails_is_recorded_and_tried_again_in_an_hour(service: Service) -> None:
    """Without a paper code nothing could be opened; once there is one, the next try makes it."""
    assert not service.after(1)
    last = BackupBook(service.home.store).last("backup")
    assert last is not None
    assert (last.ok, last.detail) == (False, "recovery_missing")
    service.add_paper()
    assert [service.after(0.9), service.after(0.2)] == [False, True]


def test_a_clock_that_was_set_back_delays_no_backup(service: Service) -> None:
    """The last one seems to lie in the future: another is made."""
    service.add_paper()
    assert service.after(0)
    service.seconds += 120
    assert service.timer.run(NOW - timedelta(days=400))


def test_the_home_itself_and_no_folder_are_refused(service: Service) -> None:
    """What lies in the home is lost with it; and a choice can be taken back."""
    (service.home.path / "inside").mkdir()
    for folder, reason in ((service.home.path / "inside", "inside"), (service.stick / "none", "missing")):
        with pytest.raises(BackupFolderInvalid) as refused:
            keep_backup_place(service.home.path, folder)
        assert refused.value.facts == {"reason": reason}
    keep_backup_place(service.home.path, None)
    assert backup_place_of(service.home.path) is None
    assert not service.after(48)


def test_a_choice_outlives_an_exchange_of_the_device_secret(service: Service) -> None:
    """The file that names the secret's provider keeps what else stands in it."""
    exchange_device_secret(service.home.path, open_file_secret)
    assert backup_folder(service.home.path) == service.stick
    shutil.rmtree(service.stick)
    assert backup_folder(service.home.path) is None
