"""The card's firewall lets its accounts call the hosts that were written down, and nobody else: seen on a line."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.firewall_line import FirewallLine

PROGRAMS = ("nft", "ip", "unshare", "nsenter", "setpriv")

NO_HOSTS = (
    "localhost 443", "assureur 443", "card.local 443", "10.99.0.1 22", "10.99.0.1 443 more", "10.99.0.1",
    "127.0.0.1 443",
    "::1 443", "10.99.0.1;reboot 443", "$(id).example 443", "-h.example 443", "a..example 443", "fe80::1 443",
    "224.0.0.1 443", "ff02::1 443", "EXAMPLE.FR 443", "0.0.0.0 443", "999.1.1.1 443", "self.example 443", "* 443", " ",
)  # fmt: skip


def why_not() -> str:
    """What this machine lacks for namespaces of its own, or nothing."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"not installed here: {' '.join(missing)}"
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    tried = subprocess.run(["unshare", "--net", "--mount", "nft", "list", "tables"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this machine lets nobody make network namespaces, or has no nftables"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def line(tmp_path: Path) -> Iterator[FirewallLine]:
    """The card's end and the other, with nothing written down."""
    for name in ("home", "data/provision", "run"):
        (tmp_path / name).mkdir(parents=True)
    made = FirewallLine(tmp_path)
    yield made
    made.close()


def test_only_hosts_that_were_written_down_are_called(line: FirewallLine, tmp_path: Path) -> None:
    """Nothing before; then the insurer's address and port, IPv4 and IPv6, for the counter's account alone."""
    assert not line.calls("10.99.0.1")
    (tmp_path / "home/hosts").write_text("10.99.0.3 8443\nassureur.example 443\nsix.example 443\n")
    line.name(assureur_example="10.99.0.1", six_example="fd99::1")
    line.open()
    assert line.answers("10.99.0.1")
    assert line.answers("fd99::1")
    assert line.answers("10.99.0.3", 8443)
    before = line.arrived("10.99.0.1")
    assert not line.calls("10.99.0.1", 8443)
    assert not line.calls("10.99.0.1", account="root")
    assert not line.calls("10.99.0.1", account="comptoir-update")
    assert line.arrived("10.99.0.1") == before
    assert not line.calls("10.99.0.2")
    assert not line.calls("fd99::2")
    assert line.arrived("10.99.0.2") == line.arrived("fd99::2") == 0


def test_a_call_that_came_too_early_is_answered_when_the_firewall_opens(line: FirewallLine, tmp_path: Path) -> None:
    """A dropped packet is no error for who sent it: the kernel sends it again."""
    early = line.begins("10.99.0.1")
    assert line.arrived("10.99.0.1") == 0
    (tmp_path / "home/hosts").write_text("10.99.0.1 443\n")
    line.open()
    assert early.stdout is not None
    assert early.stdout.read() == "answered\n"


def test_addresses_gather_and_go_after_their_hour(line: FirewallLine, tmp_path: Path) -> None:
    """A name that moved is reached at both addresses; what is not said again leaves; said again it is there again."""
    (tmp_path / "home/hosts").write_text("assureur.example 443\n")
    line.name(assureur_example="10.99.0.1")
    line.open()
    line.name(assureur_example="10.99.0.2")
    line.open("100ms")
    assert line.answers("10.99.0.1")
    while "10.99.0.2" in line.card("nft", "list", "set", "inet", "comptoir", "counter4"):
        pass
    assert not line.calls("10.99.0.2")
    line.open()
    assert line.answers("10.99.0.2")
    line.open("1s")
    line.open()
    assert "timeout 1s" not in line.card("nft", "list", "set", "inet", "comptoir", "counter4")


def test_updates_are_fetched_from_their_host_alone(line: FirewallLine, tmp_path: Path) -> None:
    """The account that fetches calls the host of its address; the counter does not, nor it the insurers."""
    (tmp_path / "home/hosts").write_text("10.99.0.1 443\n")
    (tmp_path / "data/provision/updates").write_text("https://updates.example:8443/comptoir/\n")
    line.name(updates_example="10.99.0.2")
    line.open()
    assert line.answers("10.99.0.2", 8443, account="comptoir-update")
    assert not line.calls("10.99.0.1", account="comptoir-update")
    assert not line.calls("10.99.0.2", 8443)


def test_what_is_no_host_of_a_terminal_opens_nothing(line: FirewallLine, tmp_path: Path) -> None:
    """Names of this machine or of the shop's line, other ports, and what is no name at all; forty lines are read."""
    (tmp_path / "home/hosts").write_text("\n".join(NO_HOSTS) + "\n")
    line.name(card_local="10.99.0.1", localhost="10.99.0.1", assureur="10.99.0.1", self_example="127.0.0.1")
    line.open()
    (tmp_path / "home/hosts").write_text("10.99.0.1 22\n" * 40 + "10.99.0.1 443\n")
    line.open()
    assert "elements" not in line.card("nft", "list", "ruleset")


def test_new_hosts_are_noted_and_counted(line: FirewallLine, tmp_path: Path) -> None:
    """Each new host is one line of the small journal; two hundred in a card's life."""
    (tmp_path / "home/hosts").write_text("10.98.0.1 443\n10.98.0.2 443\n")
    line.open()
    line.open()
    events = (tmp_path / "data/journal/events").read_text().splitlines()
    assert [words.split()[1:] for words in events] == [["host_new", "10.98.0.1"], ["host_new", "10.98.0.2"]]
    (tmp_path / "data/journal/hosts").write_text("counter 10.97.0.1\n" * 200)
    (tmp_path / "home/hosts").write_text("10.99.0.1 443\n")
    assert "no more new hosts" in line.open()
    assert not line.calls("10.99.0.1")
