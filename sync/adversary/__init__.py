"""Insurers that misbehave on command: for tests, and for whoever wants to see what the terminal does about them."""

from sync.adversary.insurer import MODES, Mode, SimulatedInsurer
from sync.adversary.peer import SimulatedPeer

__all__ = ["MODES", "Mode", "SimulatedInsurer", "SimulatedPeer"]
