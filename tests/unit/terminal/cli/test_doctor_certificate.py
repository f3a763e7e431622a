"""The examination says how long the terminal may still speak to each insurer, and what to do in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from sync.crypto.certificates import CLIENT_DAYS, issue_client, make_authority, make_csr, new_tls_key
from sync.insurers import InsurerRecord
from terminal.cli.doctor import certificate_line
from terminal.workflow.desk import Desk

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass
class Clocked:
    """As much of a desk as the line looks at."""

    at: datetime = NOW

    def now(self) -> datetime:
        """The instant."""
        return self.at


@pytest.fixture(scope="module")
def record() -> InsurerRecord:
    """An enrolment whose certificate was issued at NOW."""
    pem = issue_client(make_authority("clients", NOW), make_csr(new_tls_key(), "k"), "k", NOW).decode()
    told: dict[str, Any] = dict.fromkeys(InsurerRecord.__dataclass_fields__, "")
    return InsurerRecord(**{**told, "amc": "99900011", "certificate_pem": pem, "former_keys": ()})


@pytest.mark.parametrize(
    ("days", "verdict"), [(0, "pass"), (CLIENT_DAYS - 21, "pass"), (CLIENT_DAYS - 19, "warn"), (CLIENT_DAYS, "fail")]
)
def test_the_end_of_a_certificate_is_told_in_time(record: InsurerRecord, days: int, verdict: str) -> None:
    """Good while the service has time to renew, then a warning, and at the end a failure with the way out."""
    found = certificate_line(record, cast(Desk, Clocked(NOW + timedelta(days=days))))
    assert (found.verdict, found.detail) == (verdict, "99900011 20/02/2027")
    assert bool(found.todo) == (verdict != "pass")
    assert "courrier d'activation" in found.todo or verdict != "fail"


def test_the_line_has_its_french_name(record: InsurerRecord) -> None:
    """As a person reads it."""
    assert "Certificat du poste" in certificate_line(record, cast(Desk, Clocked())).line()
