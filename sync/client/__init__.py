"""The terminal's side of the contract over HTTPS: the only room that imports httpx."""

from sync.client.enrolment import TerminalKeys, enrol, enrolled_record
from sync.client.insurer import InsurerClient, Peers
from sync.client.repository import HttpRepository

__all__ = ["HttpRepository", "InsurerClient", "Peers", "TerminalKeys", "enrol", "enrolled_record"]
