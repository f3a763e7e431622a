"""Where the parts of the card lie, what is loaded first, what lies beside the image."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from image.builder import layout
from image.builder.evidence import bill_of_materials, list_of_files
from image.builder.filesystems import TooLarge, Verity, fits
from image.builder.lock import Package
from image.builder.modules import ModuleMissing, load_order, parse
from image.builder.rootfs import slim_options
from tests.image.machine.keyboard import places
from tests.image.machine.usb_reader import ATR, frame

NEEDS = parse("a/dm-verity.ko.xz: a/dm-bufio.ko.xz a/dm-mod.ko.xz\na/dm-bufio.ko.xz: a/dm-mod.ko.xz\na/dm-mod.ko.xz:\n")
PACKAGES = [Package("libstdc++6", "14.2.0-19", "arm64", "ab" * 32, 7)]
PINS = "textual==8.2.8 \\\n    --hash=sha256:00\nrich==15.0.0 \\\n"


def test_parts_neither_touch_nor_overlap_and_begin_where_a_card_likes_it() -> None:
    """In order, on 4 MiB, the roots inside the extended partition with room for its chained tables."""
    placed = sorted((part for part in layout.parts() if part.name != "extended"), key=lambda part: part.start)
    assert all(one.end <= other.start for one, other in pairwise(placed))
    assert all(part.start % layout.ALIGN == 0 for part in layout.parts())
    extended = layout.named("extended")
    for name in ("root-a", "root-b"):
        root = layout.named(name)
        assert extended.start < root.start <= root.end <= extended.end


def test_both_slots_have_the_same_room() -> None:
    """What fits into A fits into B, or an update could not be taken back."""
    for kind in ("slot", "root"):
        assert layout.named(f"{kind}-a").size == layout.named(f"{kind}-b").size


def test_the_first_partition_is_the_firmwares() -> None:
    """A Pi 3 reads the first FAT partition of an MBR and nothing else; four primary entries are all there are."""
    first = min(layout.parts(), key=lambda part: part.start)
    assert (first.number, first.name, first.kind) == (1, "firmware", "c")
    assert [part.number for part in layout.parts() if part.number <= 4] == [1, 2, 3, 4]
    assert "label: dos" in layout.sfdisk_script()


def test_a_part_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """One byte more than its place."""
    part = tmp_path / "root"
    part.write_bytes(b"\0" * (2 * layout.SECTOR))
    fits(part, 2)
    part.write_bytes(b"\0" * (2 * layout.SECTOR + 1))
    with pytest.raises(TooLarge):
        fits(part, 2)


def test_the_table_of_a_verified_root_restarts_on_a_wrong_block() -> None:
    """Data and digests share the partition: the tree begins where the data ends."""
    table = Verity("cd" * 32, 1000).table
    assert table.startswith("0 8000 verity 1 DEVICE DEVICE 4096 4096 1000 1000 sha256 " + "cd" * 32)
    assert table.endswith(" 1 restart_on_corruption")


def test_modules_come_after_what_they_need() -> None:
    """Each once, needed ones first; what the kernel has built in has no file."""
    assert load_order(["dm-verity", "erofs"], NEEDS, "kernel/fs/erofs/erofs.ko\n") == [
        "a/dm-mod.ko.xz", "a/dm-bufio.ko.xz", "a/dm-verity.ko.xz",
    ]  # fmt: skip


def test_a_module_that_is_nowhere_stops_the_build() -> None:
    """Better here than before a black screen."""
    with pytest.raises(ModuleMissing):
        load_order(["erofs"], NEEDS, "")


def test_the_bill_of_materials_is_cyclonedx_and_says_the_same_twice() -> None:
    """Every package and every pin, with package URLs; the same image has the same serial number, another another."""
    text = bill_of_materials(PACKAGES, PINS, "0.1.0", "ef" * 32, 1_790_000_000)
    assert text == bill_of_materials(PACKAGES, PINS, "0.1.0", "ef" * 32, 1_790_000_000)
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert [part["purl"] for part in bill["components"]] == [
        "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=arm64&distro=debian-13",
        "pkg:pypi/rich@15.0.0", "pkg:pypi/textual@8.2.8",
    ]  # fmt: skip
    assert bill["dependencies"][0]["dependsOn"] == [part["bom-ref"] for part in bill["components"]]
    other = json.loads(bill_of_materials(PACKAGES, PINS, "0.1.0", "ee" * 32, 1_790_000_000))
    assert other["serialNumber"] != bill["serialNumber"]


def test_the_list_of_files_shows_what_is_packed(tmp_path: Path) -> None:
    """Mode, size, digest, target; what is left out of the image is left out of the list."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "log").write_text("x")
    (tmp_path / "etc" / "secret").write_text("x")
    (tmp_path / "etc" / "secret").chmod(0o600)
    (tmp_path / "etc" / "link").symlink_to("secret")
    lines = list(list_of_files(tmp_path, ["^var/.+"]))
    assert [line.rsplit(" ", 1)[1] for line in lines] == ["etc", "etc/link", "etc/secret", "var"]
    assert lines[2].startswith("-rw------- ")
    assert "-> secret etc/link" in lines[1]


def test_what_the_image_does_without_becomes_dpkgs_options() -> None:
    """Patterns, exceptions with a plus, no comments."""
    text = "# why\n/usr/share/doc/*\n+/usr/lib/broadcom/*\n\n"
    assert slim_options(text) == ["--path-exclude=/usr/share/doc/*", "--path-include=/usr/lib/broadcom/*"]


def test_keys_are_those_of_a_french_keyboard() -> None:
    """Digits with Shift; what the trial never types is refused rather than mistyped."""
    assert places("a1m\r") == ["q", "shift-1", "semicolon", "ret"]
    with pytest.raises(ValueError, match="no place"):
        places("é")


def test_a_message_to_the_emulated_reader_has_libcacards_form() -> None:
    """Type, reader, length, big-endian, then the bytes."""
    assert frame(ATR, b"\x3b\x65") == bytes.fromhex("00000005 00000000 00000002 3b65")
