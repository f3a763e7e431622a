"""Locking an unattended screen, and slowing down wrong codes."""

from terminal.tui.attempts import Attempts
from terminal.tui.idle import Idle, IdleWatch


def test_an_unattended_screen_warns_then_locks() -> None:
    """A key in between starts again."""
    watch = IdleWatch(120)
    watch.touched(1000)
    assert [watch.verdict(1000 + seconds) for seconds in (0, 99, 100, 119, 120)] == [
        Idle.STAY,
        Idle.STAY,
        Idle.WARN,
        Idle.WARN,
        Idle.LOCK,
    ]
    watch.touched(1119)
    assert watch.verdict(1120) is Idle.STAY


def test_three_wrong_codes_make_the_next_wait_longer_and_longer() -> None:
    """Two mistakes are free; the wait doubles up to five minutes; a right code forgets."""
    attempts = Attempts()
    waits = []
    for _ in range(9):
        attempts.failed(100.0)
        waits.append(attempts.wait(100.0))
    assert waits[:5] == [0, 0, 11, 21, 41]
    assert max(waits) == 301
    assert attempts.wait(401.0) == 0
    attempts.succeeded()
    assert attempts.wait(100.0) == 0
