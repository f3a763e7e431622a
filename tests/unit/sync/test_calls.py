"""Whom a terminal calls is written down before it calls: what is a host, what is none, and that nothing is lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.calls import HOSTS, MOST, _lines, announce, announce_known
from sync.errors import MediumFailed
from sync.home import create_home
from sync.reference import Reference
from tests.unit.sync.test_home import RECORD, fixed


@pytest.mark.parametrize(
    ("called", "line"),
    [
        ("insurer.example", "insurer.example 443"),
        ("Insurer.Example:8443/", "insurer.example 8443"),
        ("10.0.2.2:8443", "10.0.2.2 8443"),
        ("[fd00::1]:8443", "fd00::1 8443"),
        ("données.example/repository", "xn--donnes-eva.example 443"),
    ],
)
def test_a_host_is_the_name_and_port_that_are_called(tmp_path: Path, called: str, line: str) -> None:
    """With the port of the scheme where the address names none; a second word changes nothing."""
    announce(tmp_path, "http://data.example")
    announce(tmp_path, f"https://{called}")
    announce(tmp_path, f"https://{called}")
    assert (tmp_path / HOSTS).read_text("ascii").splitlines() == sorted(["data.example 80", line])
    assert (tmp_path / HOSTS).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("called", ["", "a..example", "a:b", "[::1", " ", "a b.example"])
def test_what_is_no_address_of_a_host_changes_nothing(tmp_path: Path, called: str) -> None:
    """A folder of reference data, a broken address."""
    for address in ("/media/stick", "file:///etc/hosts", f"https://{called}"):
        announce(tmp_path, address)
    assert not (tmp_path / HOSTS).exists()


@given(st.text(max_size=60))
def test_a_line_is_a_host_and_a_port_whatever_the_address(address: str) -> None:
    """Nothing in an address makes a second line, or a word more."""
    assert all(
        len(line.split(" ")) == 2 and line.isprintable() and line.isascii() for line in _lines([f"https://{address}"])
    )


def test_the_service_says_whom_it_knows_and_nobody_else(tmp_path: Path) -> None:
    """The insurers and the source of reference data; whom it does not know any more goes; forty at most."""
    path = tmp_path / "home"
    with create_home(path, fixed) as home:
        announce(path, "https://given-up.example")
        home.insurers.add(RECORD)
        Reference(path).put_root(b"{}", "https://data.example:8443/repository")
        announce_known(home)
        assert (path / HOSTS).read_text().splitlines() == ["data.example 8443", "tp.mutuelle.example 443"]
    for number in range(MOST + 5):
        announce(path, f"https://{number:02}.example")
    assert len((path / HOSTS).read_text().splitlines()) == MOST


def test_a_host_that_cannot_be_written_down_is_an_error(tmp_path: Path) -> None:
    """Before the call, so that nobody waits for an answer that the firewall keeps back."""
    (tmp_path / HOSTS).mkdir()
    with pytest.raises(MediumFailed):
        announce(tmp_path, "https://insurer.example")
