"""The units and rules that make a Debian a counter, judged by systemd and read as text."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from image.builder import layout
from image.builder.system import ENABLED, MASKED, no_privileges, starting

ROOT = Path(__file__).resolve().parents[2] / "image" / "root"
UNITS = ROOT / "etc/systemd/system"
LIMITS = {
    "comptoir-confirmed.service": 12,
    "comptoir-counter.service": 18,
    "comptoir-data.service": 18,
    "comptoir-erase.service": 18,
    "comptoir-fetch.service": 14,
    "comptoir-fetched.service": 14,
    "comptoir-good.service": 5,
    "comptoir-hosts.service": 20,
    "comptoir-not-good.service": 12,
    "comptoir-provision.service": 14,
    "comptoir-stopped.service": 13,
    "comptoir-starting.service": 12,
    "comptoir-update.service": 12,
    "pcscd.service": 16,
}
"""Tenths of systemd's exposure; every service of ours has a line here."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


@needs_systemd
@pytest.mark.parametrize("name", sorted(LIMITS))
def test_each_unit_stays_under_its_limit(name: str) -> None:
    """The exposure that `systemd-analyze security` computes."""
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={LIMITS[name]}", "--no-pager"]
    done = subprocess.run([*command, str(UNITS / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:]


def test_every_unit_of_ours_is_started() -> None:
    """A service that nobody wants would be forgotten on the card; what is masked is not wanted."""
    ours = {file.name for file in UNITS.glob("*.service")}
    assert ours == LIMITS.keys()
    begun_by = {"pcscd.service": "pcscd.socket", "comptoir-good.service": "comptoir-good.timer"}
    begun_by |= {f"comptoir-{name}.service": f"comptoir-{name}.timer" for name in ("hosts", "fetch")}
    begun_by["comptoir-fetched.service"] = "comptoir-fetch.timer"
    judged = (UNITS / "comptoir-good.service").read_text("utf-8")
    begun_by |= dict.fromkeys(re.findall(r"^On(?:Success|Failure)=(\S+)$", judged, re.MULTILINE), "comptoir-good.timer")
    begun_by["comptoir-stopped.service"] = "comptoir-data.service"
    plugged = (ROOT / "etc/udev/rules.d/70-comptoir-stick.rules").read_text("utf-8")
    by_udev = set(re.findall(r'SYSTEMD_WANTS}\+="([^"]+)"', plugged))
    assert {begun_by.get(name, name) for name in ours - by_udev} <= set(ENABLED)
    assert not set(ENABLED) & set(MASKED)


def test_an_accepted_reset_is_done_before_anything_works_in_the_shop() -> None:
    """Judged, then erased, then the counter and the service: each unit names the one before it."""
    erasing = (UNITS / "comptoir-erase.service").read_text("utf-8")
    assert re.findall(r"^(After|Before)=(.*)$", erasing, re.MULTILINE) == [
        ("After", "comptoir-data.service comptoir-provision.service"),
        ("Before", "comptoir-counter.service comptoir-sync.service"),
    ]
    assert "SuccessAction=reboot-force" in erasing
    accepted = re.findall(r"^ConditionPathExists=(.*)$", erasing, re.MULTILINE)
    assert accepted == ["/run/comptoir-provision/accepted"]


def test_nobody_can_log_in() -> None:
    """No getty on any line, no shell after an error, no reboot by three keys."""
    assert {"getty@.service", "serial-getty@.service", "emergency.service", "ctrl-alt-del.target"} <= set(MASKED)
    asked = (ROOT.parent / "packages").read_text("utf-8").split()
    assert not {"openssh-server", "dropbear", "login", "sudo"} & set(asked)


def test_the_data_partition_is_found_by_the_id_that_the_layout_writes() -> None:
    """The disk's id stands in the units as in the table of partitions; the script takes the disk of the root."""
    number = f"{layout.DISK_ID:08x}"
    assert f"partuuid-{number}" in (UNITS / "comptoir-data.service").read_text().replace("\\x2d", "-")
    assert f"by-partuuid/{number}-01" in (UNITS / "boot-firmware.mount").read_text()


def test_nothing_is_accepted_from_outside_and_little_leaves() -> None:
    """Three chains that drop; input accepts no port of a service; output names who may use which port."""
    text = (ROOT / "etc/nftables.conf").read_text("utf-8")
    assert re.findall(r"hook (\w+) priority filter; policy (\w+);", text) == [
        ("input", "drop"), ("forward", "drop"), ("output", "drop"),
    ]  # fmt: skip
    inward = text[text.index("chain input") : text.index("chain forward")]
    assert "tcp dport" not in inward
    assert re.findall(r"udp dport (\d+)", inward) == ["68", "546"]
    assert "ip6 saddr fe80::/10 icmpv6 type mld-listener-query ip6 hoplimit 1 accept" in inward
    leaving = text[text.index("chain output") :]
    assert all("skuid" in line for line in leaving.splitlines() if "dport" in line)
    assert re.findall(r"tcp dport (\S+)", leaving) == ["@counter4", "@counter6", "@updates4", "@updates6"]


@pytest.mark.parametrize(
    "script",
    [
        "after-start",
        "backup-place",
        "console",
        "counter",
        "data",
        "erase",
        "data-state",
        "hosts",
        "mount-stick",
        "note",
        "screen",
        "update",
        "update-allowed",
        "update-awaited",
        "update-fetched",
    ],
)
def test_scripts_of_the_card_are_shell(script: str) -> None:
    """What runs before anybody can see a message at least parses."""
    subprocess.run(["sh", "-n", ROOT / "usr/lib/comptoir" / script], check=True)


def test_a_shops_folder_that_does_not_come_has_a_screen() -> None:
    """Each of the units between the card and the shop's folder; none of them may fail in the dark."""
    counter = (UNITS / "comptoir-counter.service").read_text("utf-8")
    place, chain = "var-lib-comptoir.mount", []
    assert re.search(rf"^Requires=.*{place}", counter, re.MULTILINE)
    while place:
        chain.append(place)
        text = (UNITS / place).read_text("utf-8")
        assert "OnFailure=comptoir-stopped.service\n" in text, place
        place = "".join(re.findall(r"^Requires=(\S*comptoir\S*)$", text, re.MULTILINE))
    assert chain[-1] == "comptoir-data.service"


@pytest.mark.parametrize(
    ("undone", "shown_first"),
    [("", False), ("provision_waits insurer_unreachable\n", False), ("provision_plan_unreadable 4\n", True)],
)
def test_a_counter_that_does_not_open_says_why_and_is_tried_again(
    tmp_path: Path, undone: str, shown_first: bool
) -> None:
    """What is wrong stays on the screen, before the counter what was refused of the file; the status is its own."""
    program, last = tmp_path / "comptoir", tmp_path / "comptoir-provision/last"
    program.write_text(f'#!/bin/sh\necho "run $*" >>{tmp_path}/asked\n[ $# -gt 0 ] || exit 70\nexit 1\n')
    program.chmod(0o755)
    last.parent.mkdir()
    last.write_text(undone)
    env = {"PATH": "/usr/bin:/bin", "COMPTOIR_COUNTER": str(program), "COMPTOIR_RUN": str(tmp_path)}
    done = subprocess.run(["sh", ROOT / "usr/lib/comptoir/counter"], check=False, env=env)
    assert done.returncode == 70
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["run doctor --wait 60"] * shown_first + ["run ", "run doctor --wait 60"]


def test_scripts_of_the_start_are_shell() -> None:
    """The initramfs has nothing to fall back to."""
    subprocess.run(["sh", "-n", ROOT.parent / "boot" / "init"], check=True)


def test_the_screen_says_that_it_starts() -> None:
    """An emptied console, and lines that fit the narrowest one; it is said before the data partition is made."""
    shown = starting()
    assert shown.startswith("\033[2J")
    assert "Ne coupez pas le courant" in shown
    assert max(map(len, shown.splitlines())) < 80
    unit = (UNITS / "comptoir-starting.service").read_text("utf-8")
    assert "Before=comptoir-data.service" in unit


def test_the_firewall_names_accounts_that_are_made() -> None:
    """One unknown name and nft takes none of the rules; sysusers passes over a description with a colon in it."""
    made = re.findall(
        r'^u (\S+) \d+ "([^":]+)" ', (ROOT / "usr/lib/sysusers.d/comptoir.conf").read_text(), re.MULTILINE
    )
    named = set(re.findall(r'skuid "([^"]+)"', (ROOT / "etc/nftables.conf").read_text("utf-8")))
    assert named - {"systemd-resolve", "systemd-timesync", "systemd-network"} == {name for name, _ in made}


def test_there_is_no_network_without_the_firewall() -> None:
    """Rules that were not taken must not leave the machine open."""
    unit = (UNITS / "systemd-networkd.service.d/image.conf").read_text("utf-8")
    assert "Requires=nftables.service\nAfter=nftables.service\n" in unit


def test_no_program_keeps_another_accounts_rights(tmp_path: Path) -> None:
    """Neither bit stays, whatever else a file may do; a link is not followed."""
    (tmp_path / "outside").touch(0o644)
    (tmp_path / "outside").chmod(0o4755)
    root = tmp_path / "root"
    root.mkdir()
    for name, mode in (("su", 0o4755), ("wall", 0o2755), ("cat", 0o755)):
        (root / name).touch()
        (root / name).chmod(mode)
    (root / "link").symlink_to(tmp_path / "outside")
    no_privileges(root)
    assert {(root / name).stat().st_mode & 0o7777 for name in ("su", "wall", "cat")} == {0o755}
    assert (tmp_path / "outside").stat().st_mode & 0o7777 == 0o4755


def test_a_new_try_begins_all_that_is_missing_anew() -> None:
    """After its screen the stopped counter starts everything again, not only itself."""
    unit = (UNITS / "comptoir-stopped.service").read_text("utf-8")
    assert "ExecStopPost=+-/bin/systemctl --no-block start multi-user.target\n" in unit
    assert "Restart=" not in unit
