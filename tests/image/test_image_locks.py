"""What an image is made of is locked, and the lock can be believed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.builder.lock import LockInvalid, Package, difference, parse, render
from image.builder.sources import NoMirror, sources

IMAGE = Path(__file__).resolve().parents[2] / "image"
DIGEST = "ab" * 32
ONE_LINE = """deb [arch=amd64] http://mirror.invalid/debian bookworm main
deb http://mirror.invalid/debian bookworm-updates main
deb http://safe.invalid/debian-security bookworm-security main
deb http://other.invalid/apt stable main
"""
STANZAS = """Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates

Types: deb deb-src
URIs: http://safe.invalid/debian-security
Suites: bookworm-security
"""
packages = st.builds(
    Package,
    name=st.text("abcxyz019+.-", min_size=1, max_size=9).map("p".__add__),
    version=st.text("0123456789abcXYZ.+:~-", max_size=9).map("1".__add__),
    arch=st.sampled_from(["all", "arm64"]),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    size=st.integers(min_value=1, max_value=10**9),
)


@given(st.lists(packages, max_size=6, unique_by=lambda one: one.name))
def test_a_lock_says_the_same_when_it_is_read_again(made: list[Package]) -> None:
    """Whatever the packages and their order, writing and reading gives them back, sorted."""
    assert parse(render(made)) == sorted(made)
    assert render(parse(render(made))) == render(reversed(made))


@pytest.mark.parametrize(
    "line",
    [
        f"apt 1.0 arm64 {DIGEST}",
        f"apt 1.0 mips {DIGEST} 5",
        f"apt 1.0 arm64 {DIGEST[:-1]} 5",
        f"apt 1.0 arm64 {DIGEST} 0",
        f"http://mirror.invalid/apt.deb 1.0 arm64 {DIGEST} 5",
        f"apt\t1.0 arm64 {DIGEST} 5",
    ],
)
def test_a_line_of_another_form_is_refused_with_its_number(line: str) -> None:
    """Nothing is guessed about a lock."""
    with pytest.raises(LockInvalid) as caught:
        parse(f"# head\n{line}\n")
    assert caught.value.line == 2


def test_a_doubled_package_is_refused() -> None:
    """Two versions of one package would leave it to chance which one is in the image."""
    line = f"apt 1.0 arm64 {DIGEST} 5\n"
    with pytest.raises(LockInvalid):
        parse(line + line)


def test_the_locks_of_this_project_hold() -> None:
    """Both are well-formed, for their architecture, name no address, and have what their lists ask for."""
    for name, arch in (("packages", "arm64"), ("tools", "amd64")):
        text = (IMAGE / f"{name}.lock").read_text("utf-8")
        found = {one.name: one.arch for one in parse(text)}
        asked = {line for line in (IMAGE / name).read_text("utf-8").splitlines() if line and line[0] != "#"}
        assert asked <= found.keys()
        assert set(found.values()) == {"all", arch}
        assert "://" not in text


def test_a_version_with_an_epoch_has_the_name_that_apt_gives_its_file() -> None:
    """A colon cannot stand in a file's name."""
    package = Package("libcap2", "1:2.75-10", "arm64", DIGEST, 5)
    assert package.file == "libcap2_1%3a2.75-10_arm64.deb"
    assert package.wanted == "libcap2:arm64=1:2.75-10"


def test_what_a_new_lock_changes_is_said() -> None:
    """Come, gone, another version, other bytes under the same version; what stays is not mentioned."""
    old = [Package(name, "1", "all", DIGEST, 1) for name in "abd"]
    new = [Package("b", "2", "all", DIGEST, 1), Package("c", "1", "all", DIGEST, 1)]
    new.append(Package("d", "1", "all", "c" * 64, 1))
    assert difference(old, new) == ["- a 1", "~ b 1 -> 2", "+ c 1", "~ d 1 -> 1"]


@pytest.mark.parametrize("settings", [[ONE_LINE], [STANZAS], ["", STANZAS, ONE_LINE]])
def test_the_mirror_is_the_machines_own(settings: list[str]) -> None:
    """Both of apt's forms; another vendor's entries and suites do not get in."""
    made = sources(settings, "bookworm", "trixie")
    assert "http://mirror.invalid/debian trixie main" in made
    assert "other.invalid" not in made
    assert "http://safe.invalid/debian-security trixie-security main" in made


def test_a_machine_without_a_mirror_is_told_so() -> None:
    """No address is guessed."""
    with pytest.raises(NoMirror):
        sources(["deb http://other.invalid/apt stable main\n"], "bookworm", "trixie")


def test_a_machine_without_security_updates_is_told_which_source_it_lacks() -> None:
    """The locked packages come from there too; apt's own words would be a page of versions not found."""
    with pytest.raises(NoMirror, match="bookworm-security and bookworm-updates"):
        sources(["deb http://mirror.invalid/debian bookworm main\n"], "bookworm", "trixie")
