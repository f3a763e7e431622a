"""What the insurer's own systems are given: JSON Lines, FHIR R4 Claims, and records shaped like those of B2.

Rules: an export is made in the opener's room, which alone can read claims; it is written whole or not at all, for its
owner only, and is noted before it appears. `README.md` beside this file describes the three forms.
"""

from sync.receiver.exports.making import Exported, Wanted, export
from sync.receiver.exports.noted import Note, notes

__all__ = ["Exported", "Note", "Wanted", "export", "notes"]
