"""A card and a line, as two network namespaces of this machine: the card's own firewall stands between them.

Rules: the card's rules are loaded as they are, but for its accounts, which this machine has under other numbers. What
left the card is counted where it arrives. Names are known to the card alone. Everything ends with `close`.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2] / "image/root"
ACCOUNTS: Final = {"comptoir": 61234, "comptoir-update": 61235, "systemd-resolve": 61236,
                   "systemd-timesync": 61237, "systemd-network": 61238}  # fmt: skip
FOUR: Final = ("10.99.0.1", "10.99.0.2", "10.99.0.3")
SIX: Final = ("fd99::1", "fd99::2")
CARD: Final = ("10.99.0.100/24", "fd99::100/64")
PORTS: Final = (443, 8443)
_HOLD: Final = "mount --bind {names} /etc/hosts && ip link set lo up && echo ready && read end"
_LISTEN: Final = """
import selectors, socket, sys
waiting = selectors.DefaultSelector()
for address in sys.argv[1:]:
    for port in (443, 8443):
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        waiting.register(socket.create_server((address, port), family=kind), selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in waiting.select():
        key.fileobj.accept()[0].close()
"""
_CALL: Final = """
import select, socket, sys
address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
line.setblocking(False)
line.connect_ex((address, port))
print("called", flush=True)
done = select.select([], [line], [], seconds)[1] and not line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
print("answered" if done else "silence", flush=True)
"""
SILENCE, PATIENCE = "0.3", "10"
"""Seconds after which a call counts as dropped, and in which one that passes is answered on any busy machine."""


class FirewallLine:
    """The two namespaces; `folder` holds the card's files and the names that it knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = folder / "names"
        self._names.write_text("127.0.0.1 localhost\n")
        self._running: list[subprocess.Popen[str]] = []
        self._card, self._line = (self._namespace() for _ in range(2))
        self._connect()
        listen = self._enter(self._line, sys.executable, "-I", "-c", _LISTEN, *FOUR, *SIX)
        self._start(listen)

    def name(self, **addresses: str) -> None:
        """What the card's names mean from now on; `_` stands for a dot."""
        known = "".join(f"{address} {name.replace('_', '.')}\n" for name, address in addresses.items())
        self._names.write_text("127.0.0.1 localhost\n" + known)

    def open(self, lasts: str = "3600s") -> str:
        """Run the card's script; what it said."""
        places = {"HOME": "home", "DATA": "data", "RUN": "run", "JOURNAL": "data/journal"}
        words = [f"COMPTOIR_{name}={self._folder / place}" for name, place in places.items()]
        return self.card("env", *words, f"COMPTOIR_LASTS={lasts}", "sh", str(ROOT / "usr/lib/comptoir/hosts"))

    def card(self, *words: str) -> str:
        """What a program says on the card."""
        command = self._enter(self._card, *words)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout

    def calls(self, address: str, port: int = 443, account: str = "comptoir") -> bool:
        """Whether an account of the card gets an answer at once."""
        return "answered" in self.card(*_as(account), address, str(port), SILENCE)

    def answers(self, address: str, port: int = 443, account: str = "comptoir") -> bool:
        """Whether an account of the card gets an answer in the end."""
        return "answered" in self.card(*_as(account), address, str(port), PATIENCE)

    def begins(self, address: str) -> "subprocess.Popen[str]":
        """A call of the counter whose first packet has left it, or not; it waits for ten seconds."""
        return self._start(self._enter(self._card, *_as("comptoir"), address, "443", "10"))

    def arrived(self, address: str) -> int:
        """How many packets for an address arrived at the other end so far."""
        told = subprocess.run(
            self._enter(self._line, "nft", "list", "counters"), check=True, capture_output=True, text=True
        )
        found = re.search(rf"counter to_{_word(address)} {{\s+packets (\d+)", told.stdout)
        assert found is not None, told.stdout
        return int(found[1])

    def close(self) -> None:
        """End what runs; the namespaces go with it."""
        for process in self._running:
            process.kill()
            process.communicate()

    def _namespace(self) -> int:
        hold = ["unshare", "--net", "--mount", "sh", "-ec", _HOLD.format(names=self._names)]
        return self._start(hold).pid

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), command
        return process

    def _connect(self) -> None:
        def line(words: str) -> None:
            subprocess.run(self._enter(self._line, *words.split()), check=True)

        self.card("ip", "link", "add", "card0", "type", "veth", "peer", "name", "line0", "netns", str(self._line))
        for address in CARD:
            self.card("ip", "addr", "add", address, "dev", "card0", *(["nodad"] if ":" in address else []))
        self.card("ip", "link", "set", "card0", "up")
        line("nft add table inet seen")
        line("nft add chain inet seen in { type filter hook input priority 0 ; }")
        for address in FOUR + SIX:
            line(f"ip addr add {address}/{24 if '.' in address else 64} dev line0{' nodad' if ':' in address else ''}")
            line(f"nft add counter inet seen to_{_word(address)}")
            kind = "ip6" if ":" in address else "ip"
            line(f"nft add rule inet seen in {kind} daddr {address} counter name to_{_word(address)}")
        line("ip link set line0 up")
        self._load()

    def _load(self) -> None:
        rules = (ROOT / "etc/nftables.conf").read_text("utf-8")
        for name, number in ACCOUNTS.items():
            rules = rules.replace(f'"{name}"', str(number))
        (self._folder / "rules").write_text(rules)
        self.card("nft", "-f", str(self._folder / "rules"))

    def _enter(self, holder: int, *words: str) -> list[str]:
        return ["nsenter", "--net", "--mount", f"--target={holder}", *words]


def _as(account: str) -> list[str]:
    identity = ["setpriv", f"--reuid={ACCOUNTS[account]}", "--clear-groups"] if account != "root" else []
    return [*identity, sys.executable, "-I", "-c", _CALL]


def _word(address: str) -> str:
    return address.replace(".", "_").replace(":", "_")
