"""What every test folder may use: the virtual reader behind a real pcscd, real shops with their insurers, and time.

Rules: every run draws the same cases, and none is failed for being slow on a busy machine. A program that is run
within a test writes its log to that test's streams, and no longer: they are closed when the test ends.
"""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.pcscd_fixture", "tests.postgres_fixture", "tests.shop_fixture", "tests.token_fixture")

settings.register_profile(
    "comptoir", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("comptoir")


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """The handlers and levels that a test gives the log end with it."""
    logs = [logging.getLogger(), logging.getLogger("comptoir")]
    before = [(log.level, list(log.handlers)) for log in logs]
    yield
    for log, (level, handlers) in zip(logs, before, strict=True):
        log.setLevel(level)
        for handler in set(log.handlers) - set(handlers):
            log.removeHandler(handler)
