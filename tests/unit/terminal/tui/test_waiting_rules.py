"""Locking an unattended screen."""

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
