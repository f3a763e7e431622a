"""What a service tells the service manager: ready, alive, stopping (sd_notify(3), systemd.service(5) Type=notify).

Rules: one datagram to the AF_UNIX socket that `NOTIFY_SOCKET` names, a path or an abstract name (`@…`); without it
nothing is said; a manager that does not listen stops nobody. Texts hold counts and codes, never a person.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

_MICROSECONDS: Final = 1_000_000
_SEND_SECONDS: Final = 1.0


class Supervisor:
    """The service manager of this process, if it has one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        named = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + named[1:] if named.startswith("@") else named
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        asked = environment.get("WATCHDOG_USEC", "") if mine else ""
        self.watchdog_seconds: float | None = int(asked) / _MICROSECONDS if asked.isdecimal() and int(asked) else None
        """Within how long `alive` has to be said again, None where nobody waits for it."""

    def ready(self) -> bool:
        """The service does its work from now on."""
        return self._tell("READY=1")

    def alive(self) -> bool:
        """The service looked at itself, and all is well."""
        return self._tell("WATCHDOG=1")

    def stopping(self) -> bool:
        """The service ends, because it was asked to."""
        return self._tell("STOPPING=1")

    def doing(self, what: str) -> bool:
        """One line for `systemctl status`."""
        return self._tell(f"STATUS={what}")

    def _tell(self, fact: str) -> bool:
        """Whether the manager took it."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(_SEND_SECONDS)
                channel.sendto(fact.encode(), self._address)
        except OSError:
            return False
        return True
