"""The service's status file and its metrics: whole, small, and without a person."""

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.service_state import (
    AWAITED,
    FILE_NAME,
    ServiceState,
    boot,
    is_alive,
    is_awaited,
    is_running,
    read_state,
    uptime,
    write_state,
    write_whole,
)
from sync.textfile import Metric, gauge, rendered


def state(beat: float) -> ServiceState:
    """A state shown at this uptime."""
    return ServiceState(
        schema="comptoir/sync-status/v1",
        pid=os.getpid(),
        boot=boot(),
        since=uptime(),
        beat=beat,
        at="2026-11-22T10:00:00+00:00",
        clock_trusted=True,
        waiting=3,
        rejected=0,
        oldest=None,
        last_receipt=None,
        acknowledged=0,
        errors={"99900011": "insurer_unreachable"},
    )


def test_a_state_is_read_as_it_was_shown(tmp_path: Path) -> None:
    """What is written comes back, for the owner only, and lives while its uptime is near."""
    shown = state(uptime())
    assert write_state(tmp_path, shown)
    assert read_state(tmp_path) == shown
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert is_alive(read_state(tmp_path))
    assert [is_alive(state(uptime() + away)) for away in (-1000, 1000)] == [False, False]
    assert is_alive(state(uptime() + 0.05)), "a beat is shown to a tenth of a second"


def test_a_process_that_is_gone_is_not_alive() -> None:
    """Killed, or its number given to a process that began later: whatever the file says, nobody is there."""
    with subprocess.Popen(["sleep", "60"]) as process:
        shown = replace(state(uptime()), pid=process.pid)
        assert is_running(shown)
        assert not is_running(replace(shown, since=uptime() - 3600)), "the number was another process's"
        process.kill()
    assert not is_running(shown)
    assert not is_alive(shown)
    assert not is_running(replace(state(uptime()), running=False))


def test_a_service_is_awaited_only_in_a_machine_that_starts_it_and_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """One heard in this start is gone and not awaited; one of an earlier start, or never heard, is, for a time."""
    earlier = replace(state(uptime()), boot="another start")
    monkeypatch.delenv(AWAITED, raising=False)
    assert not is_awaited(None)
    monkeypatch.setenv(AWAITED, str(int(uptime()) + 1000))
    assert [is_awaited(told) for told in (None, earlier, state(uptime()))] == [True, True, False]
    for over in ("0", "", "-5", "soon", "²"):
        monkeypatch.setenv(AWAITED, over)
        assert not is_awaited(None), over


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema":"other"}', b"\xff"])
def test_what_is_no_state_is_none(content: bytes, tmp_path: Path) -> None:
    """A file that is cut, foreign or empty says nothing, and nobody fails over it."""
    (tmp_path / FILE_NAME).write_bytes(content)
    assert read_state(tmp_path) is None


def test_a_medium_that_refuses_stops_nobody(tmp_path: Path) -> None:
    """Where there is no folder, nothing is written and nothing is left."""
    assert not write_whole(tmp_path / "absent" / "file", b"x")
    assert list(tmp_path.iterdir()) == []


def test_metrics_are_what_prometheus_reads() -> None:
    """Help, type and samples in the text format; labels escaped; a value that is not known left out."""
    failing = Metric("failing", "gauge", "Failing.", (({"insurer": 'a"b\\c\nd'}, 1),))
    text = rendered([gauge("waiting", "Waiting.", 2.5), gauge("unknown", "?", None), failing])
    assert text.decode() == (
        "# HELP waiting Waiting.\n# TYPE waiting gauge\nwaiting 2.5\n"
        '# HELP failing Failing.\n# TYPE failing gauge\nfailing{insurer="a\\"b\\\\c\\nd"} 1\n'
    )
