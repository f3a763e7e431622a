"""Who may do what at the terminal.

Rules: staff and the responsible person see dossiers, a technician sees none; only the responsible person makes and
closes accounts. The first account of a terminal is the responsible person's.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person is at this terminal."""

    STAFF = "staff"
    RESPONSIBLE = "responsible"
    TECHNICIAN = "technician"

    @property
    def sees_dossiers(self) -> bool:
        """Whether this role may know whose claims they are."""
        return self is not Role.TECHNICIAN
