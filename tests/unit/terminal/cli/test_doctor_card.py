"""The card's own rules: each is judged from what the machine shows, and a wrong value is named."""

from pathlib import Path

import pytest

from terminal.cli.doctor_card import COMMAND_LINE, FILES, IPV4, KERNEL, MARK, MOUNTS, NO_LOGIN, Machine, card_rules
from terminal.cli.finding import Finding
from terminal.i18n import error_text, text

SYSCTL = Path(__file__).resolve().parents[4] / "image/root/etc/sysctl.d/90-comptoir.conf"
FIREWALL = {"nftables.service"}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A machine's files, all as they should be."""
    put(tmp_path, MARK, "0.1.0 1790000000")
    put(tmp_path, "usr/share/comptoir/updates", "named")
    put(tmp_path, "proc/cmdline", "quiet " + " ".join(COMMAND_LINE))
    for name, value in {**KERNEL, **IPV4, **FILES, "kernel.yama.ptrace_scope": "2", "kernel.modules_disabled": "0",
                        "net.ipv6.conf.all.disable_ipv6": "0"}.items():  # fmt: skip
        put(tmp_path, "proc/sys/" + name.replace(".", "/"), value)
    lines = [f"1 0 8:1 / {place} {','.join(sorted(options))} - ext4 /dev/x rw" for place, options in MOUNTS.items()]
    put(tmp_path, "proc/self/mountinfo", "\n".join(lines))
    put(tmp_path, "etc/passwd", "root:x:0:0::/root:/bin/bash\ncomptoir:x:9:9::/var/lib/comptoir:/usr/sbin/nologin")
    put(tmp_path, "etc/systemd/journald.conf.d/comptoir.conf", "[Journal]\nStorage=volatile\n")
    put(tmp_path, "usr/bin/python3", "x")
    (tmp_path / "etc/systemd/system").mkdir()
    for unit in NO_LOGIN:
        (tmp_path / "etc/systemd/system" / unit).symlink_to("/dev/null")
    return tmp_path


def put(root: Path, name: str, content: str) -> None:
    """One file of the machine."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content + "\n", "utf-8")


def judged(root: Path, active: set[str] | None = None) -> dict[str, Finding]:
    """Each line by its name."""
    units = FIREWALL if active is None else active
    return {one.name: one for one in card_rules(Machine(root, units.__contains__))}


def test_a_card_as_it_should_be_passes(card: Path) -> None:
    """Two rules are not followed, and say why; nothing fails."""
    found = judged(card)
    assert {name for name, one in found.items() if one.verdict != "pass"} == {"bp028_r10", "bp028_r13"}
    assert len(found) == 14
    assert all(one.line() for one in found.values())


def test_another_machine_is_not_judged(tmp_path: Path) -> None:
    """One line, and it says that it concerns the card alone."""
    (only,) = card_rules(Machine(tmp_path, FIREWALL.__contains__))
    assert (only.name, only.verdict, only.detail) == ("bp028", "pass", text("cli.bp028.elsewhere"))


@pytest.mark.parametrize(
    ("rule", "file", "content", "named"),
    [
        ("bp028_r8", "proc/cmdline", "quiet slab_nomerge init_on_alloc=1 init_on_free=1", "lockdown=integrity"),
        ("bp028_r9", "proc/sys/kernel/sysrq", "176", "kernel.sysrq=176"),
        ("bp028_r11", "proc/sys/kernel/yama/ptrace_scope", "0", "kernel.yama.ptrace_scope=0"),
        ("bp028_r12", "proc/sys/net/ipv4/ip_forward", "1", "net.ipv4.ip_forward=1"),
        ("bp028_r14", "proc/sys/fs/suid_dumpable", "2", "fs.suid_dumpable=2"),
        ("bp028_r28", "proc/self/mountinfo", "1 0 8:1 / /tmp rw,nosuid - tmpfs t rw", "/tmp"),
        ("bp028_r29", "proc/self/mountinfo", "1 0 8:1 / /boot/firmware rw - vfat t rw", "/boot/firmware"),
        ("bp028_r30", "etc/passwd", "guest:x:7:7::/home:/bin/sh", "guest"),
        ("bp028_r71", "etc/systemd/journald.conf.d/comptoir.conf", "Storage=persistent", "Storage"),
        ("bp028_r61", "usr/share/comptoir/updates", "demonstration", text("cli.bp028.demonstration_key")),
    ],
)  # fmt: skip
def test_what_is_wrong_fails_its_rule_and_is_named(card: Path, rule: str, file: str, content: str, named: str) -> None:
    """A rule fails for its own reason; the line names what was found."""
    put(card, file, content)
    found = judged(card)[rule]
    assert found.verdict == "fail"
    assert named in found.detail + found.todo


def test_a_program_with_its_owners_rights_fails(card: Path) -> None:
    """Anywhere below /usr."""
    put(card, "usr/libexec/deep/helper", "x")
    (card / "usr/libexec/deep/helper").chmod(0o4755)
    assert judged(card)["bp028_r56"].detail == "helper"


def test_no_firewall_and_an_open_line_fail(card: Path) -> None:
    """What systemd says of the firewall, and a console that is not masked."""
    (card / "etc/systemd/system/getty@.service").unlink()
    found = judged(card, set())
    assert found["bp028_r79"].verdict == found["bp028_r30"].verdict == "fail"


@pytest.mark.parametrize("unit", ["comptoir-provision.service", "comptoir-good.service", "rauc.service"])
def test_the_first_partition_may_be_there_while_one_of_its_users_works(card: Path, unit: str) -> None:
    """In the first minutes of every start a slot is called good: that is no fault to repair."""
    put(card, "proc/self/mountinfo", "1 0 8:1 / / ro - erofs r ro\n1 0 8:1 / /boot/firmware rw - vfat t rw")
    assert judged(card, FIREWALL | {unit})["bp028_r29"].verdict == "pass"
    assert judged(card)["bp028_r29"].verdict == "fail"


def test_a_value_that_is_not_there_is_no_pass(card: Path) -> None:
    """A kernel without the setting has not the protection."""
    (card / "proc/sys/fs/protected_fifos").unlink()
    assert judged(card)["bp028_r14"].detail == "fs.protected_fifos=-"


@pytest.mark.parametrize("word", ["update_forged", "update_older", "update_busy"])
def test_what_became_of_an_update_is_said(card: Path, word: str) -> None:
    """The card's stable word has its sentence."""
    put(card, "run/comptoir-update/last", word)
    found = judged(card)["bp028_r61"]
    assert (found.verdict, found.detail) == ("warn", text(f"cli.bp028.{word}"))


@pytest.mark.parametrize(
    ("said", "verdict", "detail"),
    [
        ("provision_plan_unreadable 4", "fail", text("cli.provision.plan_unreadable", where="4")),
        ("provision_refused activation_refused", "fail", error_text("activation_refused")[0]),
        ("provision_waits insurer_unreachable", "warn", text("cli.provision.waits", where="insurer_unreachable")),
    ],
)
def test_what_was_not_done_of_the_technicians_file_is_said(card: Path, said: str, verdict: str, detail: str) -> None:
    """The card's stable words have their sentences; a word that nobody knows is passed over."""
    put(card, "run/comptoir-provision/last", f"{said}\nsomething else")
    assert (judged(card)["provision"].verdict, judged(card)["provision"].detail) == (verdict, detail)
    assert judged(card)["provision"].todo


@pytest.mark.parametrize("word", ["data_unreadable", "data_damaged", "data_other_board", "data_failed", "unheard_of"])
def test_why_the_shops_partition_did_not_open_is_said(card: Path, word: str) -> None:
    """Each word of the card's script has its sentence, and nobody is told to write the card anew."""
    put(card, "run/comptoir-data.refused", word)
    found = judged(card)["data_partition"]
    assert (found.verdict, found.todo) == ("fail", text("cli.data_partition.todo"))
    assert found.detail == text(f"cli.data_partition.{word if word != 'unheard_of' else 'data_failed'}")


def test_the_image_sets_what_is_asked_for() -> None:
    """Each value of rules 9, 12 and 14 that differs from the kernel's own stands in the image's settings."""
    lines = [line.split(" = ") for line in SYSCTL.read_text("utf-8").splitlines() if " = " in line]
    wanted = {**KERNEL, **IPV4, **FILES}
    wanted.pop("net.ipv4.conf.all.route_localnet")
    assert wanted.items() <= {name: value.strip() for name, value in lines}.items()


def test_a_reset_that_was_refused_is_said(card: Path) -> None:
    """The reason, with the insurer's number where there is one; nothing else of the file is shown."""
    put(card, "run/comptoir-provision/reset", "claims_unreceived 99000001")
    line = judged(card)["card_reset"]
    assert line.verdict == "warn"
    assert "99000001" in line.detail
    put(card, "run/comptoir-provision/reset", "claims_unsent OPTIQUE")
    assert "OPTIQUE" not in judged(card)["card_reset"].line()
    put(card, "run/comptoir-provision/reset", "pin_wrong")
    assert judged(card)["card_reset"].todo
