"""What a card takes as an update, what it remembers of one, which slot a start takes: the parts without a machine."""

import configparser
import re
import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.builder import bundle, layout
from tests.image.update.cuts import Counters, Cut, counters_after, slots_taken, surviving
from tests.image.update.tape import COUNTERS, Step, steps

IMAGE = Path(__file__).resolve().parents[2] / "image"
SCRIPTS = IMAGE / "root/usr/lib/comptoir"
TAPE = [
    Step("write", COUNTERS, 0, 16384, b"counters of the first write"),
    Step("flush", COUNTERS),
    Step("write", "root-b", 0, 8192),
    Step("write", "root-b", 8192, 8192),
    Step("flush", "root-b"),
    Step("write", "slot-b", 0, 8192),
]


def read(text: str) -> configparser.ConfigParser:
    """RAUC's files are of GLib's key-file form."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def run(script: str, *words: str, **places: Path) -> "subprocess.CompletedProcess[str]":
    """One of the card's scripts, with its places in a folder of the test."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | {f"COMPTOIR_{name}": str(place) for name, place in places.items()}
    command = ["sh", str(SCRIPTS / script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_rauc_knows_the_slots_from_the_layout() -> None:
    """Each partition once, kernel and root of a slot together, and only the format that is checked block by block."""
    told = read(bundle.system_conf("0.1.0-7"))
    devices = {told[name]["device"] for name in told.sections() if name.startswith("slot.")}
    numbers = {layout.named(f"{kind}-{slot}").number for kind in ("root", "slot") for slot in "ab"}
    assert devices == {f"/dev/disk/by-partuuid/{layout.DISK_ID:08x}-{number:02d}" for number in numbers}
    assert [told[f"slot.boot.{index}"]["parent"] for index in (0, 1)] == ["rootfs.0", "rootfs.1"]
    assert told["system"]["bundle-formats"] == "verity"
    assert told["system"]["min-bundle-version"] == "0.1.0-7"


def test_the_boot_script_starts_the_partitions_of_the_layout() -> None:
    """Slot, partition and the names by which initramfs and RAUC know them agree."""
    script = (IMAGE / "boot/boot.cmd").read_text("utf-8")
    for slot in "ab":
        place = layout.named(f"slot-{slot}").number
        assert f"setenv chosen {slot}\n        setenv bootname {slot.upper()}\n        setenv part {place}\n" in script
    assert "rauc.slot=${bootname}" in script
    assert re.findall(r"BOOT_A_LEFT (\d)", script)[0] == str(bundle.TRIES)


def test_u_boot_finds_at_the_first_start_what_its_script_leaves() -> None:
    """The same words in both; no key opens a prompt, the board's number, of the data's key, is never saved."""
    brought = dict(line.split("=", 1) for line in (IMAGE / "boot/environment").read_text("utf-8").splitlines())
    script = (IMAGE / "boot/boot.cmd").read_text("utf-8")
    assert brought["bootdelay"] == "-2"
    assert "setenv bootdelay -2\n" in script
    assert f'setenv bootcmd "{brought["bootcmd"]}"\n' in script
    kept = re.findall(r"env export -c -s 0x4000 0x05000000 ([A-Za-z_ ]+) &&", script)
    assert kept == [" ".join(brought)]
    assert not re.search(r"^\s*saveenv", script, re.MULTILINE)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_later_commit_is_a_later_version(one: int, other: int) -> None:
    """Numeric parts behind the hyphen are compared as numbers (semantic versioning, rule 11)."""
    first, second = (bundle.version_of("0.1.0", 1_790_000_000 + epoch) for epoch in (one, other))
    order = [int(version.rpartition("-")[2]) for version in (first, second)]
    assert (order[0] < order[1]) == (one < other)
    assert re.fullmatch(r"\d+\.\d+\.\d+-[1-9]\d*", first)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("LastError: signature verification failed: Verify error: self-signed certificate", "update_forged"),
        ("LastError: Version mismatch: Expected at least '2' but bundle manifest has '1'", "update_older"),
        ("LastError: Invalid bundle format: Signature size is 0", "update_truncated"),
        ("LastError: Compatible mismatch: Expected 'a' but bundle manifest has 'b'", "update_other_board"),
        ("LastError: something nobody has seen", "update_failed"),
    ],
)
def test_what_rauc_says_becomes_a_stable_word(said: str, word: str) -> None:
    """RAUC's sentences change with its releases; the card's words do not."""
    assert run("update", "--word", said).stdout.strip() == word


def test_rauc_runs_before_it_is_asked(tmp_path: Path) -> None:
    """The bus would give it up after 25 seconds; an update that was not asked for starts nothing."""
    programs, stick = tmp_path / "programs", tmp_path / "stick"
    programs.mkdir()
    stick.mkdir()
    for name in ("systemctl", "rauc"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/asked"\n')
        (programs / name).chmod(0o755)
    places = {"STICK": stick, "RUN": tmp_path / "run", "JOURNAL": tmp_path / "journal"}
    env = {"PATH": f"{programs}:/usr/bin:/bin"} | {f"COMPTOIR_{name}": str(place) for name, place in places.items()}
    command = ["sh", str(SCRIPTS / "update")]
    assert subprocess.run(command, check=False, env=env).returncode == 0
    assert not (tmp_path / "asked").exists()
    (stick / "comptoir.raucb").touch()
    assert subprocess.run(command, check=False, env=env, capture_output=True).returncode == 0
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["systemctl start rauc.service", f"rauc install {stick}/comptoir.raucb"]
    assert (tmp_path / "run/comptoir-update/last").read_text() == "update_installed\n"


def test_an_update_waits_for_a_confirmed_start(tmp_path: Path) -> None:
    """Without it there is no system to fall back to; with it, and nobody writing a claim, RAUC may go on."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/counterfoil.log").touch()
    refused = run("update-allowed", RUN=tmp_path, HOME=tmp_path / "home")
    assert refused.returncode == 1
    assert (tmp_path / "comptoir-update/reason").read_text() == "update_unconfirmed\n"
    (tmp_path / "comptoir-good").mkdir()
    (tmp_path / "comptoir-good/confirmed").touch()
    assert run("update-allowed", RUN=tmp_path, HOME=tmp_path / "home").returncode == 0


def test_a_bundle_that_cannot_be_read_to_its_end_is_refused_before_a_slot_is_touched(tmp_path: Path) -> None:
    """What cannot be read stands for a block that is not what its digest says: both are an error of `read`."""
    (tmp_path / "comptoir-good").mkdir()
    (tmp_path / "comptoir-good/confirmed").touch()
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/root.img").write_bytes(b"whole")
    places = {"COMPTOIR_RUN": str(tmp_path), "COMPTOIR_HOME": str(tmp_path / "home")}
    env = {"PATH": "/usr/bin:/bin", "RAUC_BUNDLE_MOUNT_POINT": str(tmp_path / "bundle"), **places}
    command = ["sh", str(SCRIPTS / "update-allowed")]
    assert subprocess.run(command, check=False, env=env).returncode == 0
    (tmp_path / "bundle/slot.img").mkdir()
    assert subprocess.run(command, check=False, env=env, capture_output=True).returncode == 1
    assert (tmp_path / "comptoir-update/reason").read_text() == "update_damaged\n"


@pytest.mark.parametrize(
    ("runs", "awaited", "verdict", "outcome"),
    [
        ("b", "B", "good", (0, "update_confirmed B")),
        ("a", "B", "good", (0, "update_rolled_back A")),
        ("a", "", "good", (0, "start_good A")),
        ("b", "B", "bad", (1, "start_bad B")),
        ("a", "B", "bad", (0, "start_bad A")),
        ("a", "", "bad", (0, "start_bad A")),
    ],
)
def test_only_a_new_slot_that_fails_restarts_the_machine(
    tmp_path: Path, runs: str, awaited: str, verdict: str, outcome: tuple[int, str]
) -> None:
    """An old slot with a spoilt shop must not restart for ever; what happened is one line of the small journal."""
    (tmp_path / "cmdline").write_text(f"quiet comptoir.slot={runs}\n")
    if awaited:
        (tmp_path / "awaited").write_text(f"{awaited}\n")
    places = {"RUN": tmp_path, "RAUC": tmp_path, "CMDLINE": tmp_path / "cmdline", "JOURNAL": tmp_path / "journal"}
    assert run("after-start", verdict, **places).returncode == outcome[0]
    assert (tmp_path / "journal/events").read_text().splitlines()[-1].split(" ", 1)[1] == outcome[1]
    assert (tmp_path / "awaited").exists() == (verdict == "bad" and bool(awaited))


@pytest.mark.parametrize(
    "words", [["Odette P."], ["claim", "2 84 05 75 999 001 22"], ["a" * 41], [""], ["ok", "b" * 41]]
)
def test_the_small_journal_takes_no_free_text(tmp_path: Path, words: list[str]) -> None:
    """A name or a number of a person cannot get in."""
    assert run("note", *words, JOURNAL=tmp_path / "journal").returncode == 2
    assert not (tmp_path / "journal").exists()


def test_the_small_journal_stays_small(tmp_path: Path) -> None:
    """A full file makes room once; the one before it goes."""
    (tmp_path / "events").write_text("x" * 40_000)
    (tmp_path / "events.1").write_text("older")
    assert run("note", "start_good", "A", JOURNAL=tmp_path).returncode == 0
    assert (tmp_path / "events.1").read_text() == "x" * 40_000
    assert (tmp_path / "events").read_text().endswith(" start_good A\n")


def test_a_tape_is_read_from_interleaved_calls() -> None:
    """Calls of several threads, cut in two by others; another folder's files are left out."""
    lines = [
        '7     openat(AT_FDCWD</t>, "/card/update/root-b", O_WRONLY|O_EXCL) = 8</t/card/update/root-b>',
        '7 write(8</t/card/update/root-b>, "\\x41"..., 8192 <unfinished ...>',
        '9 write(2</dev/null>, "x", 1) = 1',
        "7 <... write resumed>) = 8192",
        '7 write(8</t/card/update/root-b>, "\\x41"..., 8192) = 8192',
        "7 fsync(8</t/card/update/root-b>) = 0",
        '9 openat(AT_FDCWD</t>, "/card/update/uboot.env", O_RDWR) = 4</t/card/update/uboot.env>',
        '9 write(4</t/card/update/uboot.env>, "\\x01\\x02A=B\\x00"..., 16384) = 16384',
    ]
    read_back = list(steps(lines))
    assert read_back[:3] == [
        Step("write", "root-b", 0, 8192),
        Step("write", "root-b", 8192, 8192),
        Step("flush", "root-b"),
    ]
    assert read_back[3].data == b"\1\2A=B".ljust(16384, b"\0")


def test_what_was_flushed_survives_every_cut() -> None:
    """What was written since may be lost."""
    assert surviving(TAPE, Cut(6, "none")) == [TAPE[0], TAPE[2], TAPE[3]]
    assert surviving(TAPE, Cut(6, "all")) == [TAPE[0], TAPE[2], TAPE[3], TAPE[5]]
    assert counters_after(TAPE, Cut(1, "none"), b"before") == b"before"
    assert counters_after(TAPE, Cut(1, "all", torn=True), b"before, and a long time") == b"counters of a long time"


@given(st.permutations(["A", "B"]), st.integers(0, 3), st.integers(0, 3))
def test_each_slot_gets_its_turn(order: list[str], left_a: int, left_b: int) -> None:
    """Nobody calls a start good: within eight starts both slots were tried, so a whole one is found."""
    assert set(slots_taken(Counters(tuple(order), left_a, left_b), 8)) == {"a", "b"}


def test_spoilt_counters_are_those_of_a_new_card() -> None:
    """U-Boot does the same when its checksum is wrong."""
    text = b"BOOT_ORDER=B A\0BOOT_A_LEFT=0\0BOOT_B_LEFT=2\0\0".ljust(16380, b"\0")
    whole = zlib.crc32(text).to_bytes(4, "little") + text
    assert Counters.read(whole) == Counters(("B", "A"), 0, 2)
    assert Counters.read(whole[:9] + b"x" + whole[10:]) == Counters(("A", "B"), 3, 0)
