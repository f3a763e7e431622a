"""A start with a root shell on a line of its own: where time and memory go, what each unit and rule is worth.

Rules: the shell is what a person who may write the kernel's command line can have anyway; the image is unchanged.
"""

import time
from typing import Final

from tests.image.machine.card_file import contains
from tests.image.machine.emulated import MAC, Machine
from tests.image.machine.figures import clock_figures, exposure_figures, memory_figures, rule_figures
from tests.image.machine.line import knocked
from tests.image.machine.outside import ASKER, HOST, addresses, idle_writes, recorded
from tests.image.machine.scan import knock
from tests.image.machine.screen import lit, settled
from tests.image.machine.stage import Trial, self_check, unlocked, wait

EXPOSURE: Final = 2.0
CONSOLE: Final = 90.0
"""Seconds that the counter takes to paint, on two emulated processors."""
_PAINTERS: Final = 'for p in /proc/[0-9]*; do echo "$(cat $p/comm) $(readlink $p/fd/2)"; done'
"""Each process, and where its error line goes: that is where the counter paints."""
_PAINTED: Final = "journalctl --quiet --output=cat | grep --max-count=3 --text Poste.verr"
"""What the lock screen says, in the journal."""


def inside(trial: Trial) -> None:
    """A start with a root shell on a line of its own: where time and memory go, what the firewall holds back."""
    machine = Machine(trial.parts, inside=True)
    try:
        weighed(trial, machine)
        exposed = examined(trial, machine)
        self_check(machine, "doctor-inside")
        secret = bytes.fromhex(machine.run("od -An -v -tx1 /var/lib/comptoir/device.secret").replace("\n", ""))
        without_window(machine)
        reach_out(machine)
        firewall_matters(trial, machine)
    finally:
        machine.kill()
    if len(secret) < 32 or contains(trial.parts.disk, secret):
        raise AssertionError("the device secret")
    if not exposed or max(exposed.values()) > EXPOSURE:
        raise AssertionError(exposed)


def weighed(trial: Trial, machine: Machine) -> None:
    """How long until the counter can be used, the memory of each service, and what is written at rest, locked."""
    trial.note("lock screen, seconds", settled(machine, "lock-inside"))
    trial.note("insert-card screen, a PIN later, seconds", unlocked(machine, "home-inside"))
    home = machine.pixels()
    machine.wait_for("slot A is good")
    for name, value in (*clock_figures(machine), *memory_figures(machine)):
        trial.note(name, value)
    machine.type("", ["f11"])
    settled(machine, "lock-inside", unlike=home)
    idle_writes(trial.note, machine, trial.idle)


def examined(trial: Trial, machine: Machine) -> dict[str, float]:
    """Each rule of ANSSI-BP-028 as `comptoir doctor` sees it, and how exposed each unit is."""
    exposed = dict(exposure_figures(machine))
    for name, level in exposed.items():
        trial.note(name, level)
    for name, verdict in rule_figures(machine):
        trial.note(name, verdict)
    return exposed


def without_window(machine: Machine) -> None:
    """Where no window opens the counter comes on the bare console, locked; kept as console-inside.png.

    It paints there, and nothing of the screen goes into the journal.
    """
    machine.run(": >/run/comptoir-counter/no-window; systemctl restart comptoir-counter")
    wait(lambda: "comptoir /dev/tty1" in machine.run(_PAINTERS), "the counter on the console")
    time.sleep(CONSOLE)
    machine.picture("console-inside")
    if "cage " in machine.run(_PAINTERS) or not lit(machine.pixels()):
        raise AssertionError("no counter on the console")
    if kept := machine.run(_PAINTED):
        raise AssertionError(kept)


def reach_out(machine: Machine) -> None:
    """Neither root nor the counter's account gets a packet out but where the firewall was opened for it.

    Not to another port of the insurer, nor to its port on another host, nor for root to names or time.
    """
    tcp, udp = ((HOST, 80), (ASKER, 443), (ASKER, 8443)), ((HOST, 53), (HOST, 123))
    for who in ("root", "comptoir"):
        for host, port in tcp:
            machine.run(f"timeout 5 setpriv --reuid={who} --clear-groups bash -c 'echo >/dev/tcp/{host}/{port}'; true")
    for host, port in udp:
        machine.run(f"timeout 5 bash -c 'echo x >/dev/udp/{host}/{port}'; true")
    tried = {("tcp", *one) for one in tcp} | {("udp", *one) for one in udp}
    got_out = [one for one in recorded(machine) if one.mac == MAC]
    if found := [str(one) for one in got_out if (one.kind, one.target, one.target_port) in tried]:
        raise AssertionError(found)


def firewall_matters(trial: Trial, machine: Machine) -> None:
    """Without it the same scan sees answers, so that its silence before meant something."""
    machine.run("nft flush ruleset")
    target = addresses(machine)["IPv4"]
    machine.services_out()
    asker = knock(target, range(1, 200), range(1, 200))
    time.sleep(3.0)
    answers = knocked(recorded(machine), MAC, asker, target).answers
    answered = {(one.kind, one.source_port) for one in answers}
    trial.note("without the firewall: of 199 TCP and 199 UDP ports answer", len(answered))
    if not answered:
        raise AssertionError("the scan sees nothing even where something answers")
