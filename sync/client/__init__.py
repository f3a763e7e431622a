"""The terminal's side of the contract over HTTPS: the only room that imports httpx."""

from sync.client.enrolment import TerminalKeys, enrol, enrolled_record
from sync.client.insurer import InsurerClient, Peers

__all__ = ["InsurerClient", "Peers", "TerminalKeys", "enrol", "enrolled_record"]
