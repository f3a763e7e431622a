"""The line that grows while the queue empties."""

import io

from terminal.cli.progress import Progress


def test_it_counts_claims_that_are_through_and_goes_away() -> None:
    """Acknowledged, rejected and postponed claims count once each; the last thing drawn is an empty line."""
    stream = io.StringIO()
    with Progress(4, shown=True, stream=stream) as progress:
        for name, number in (("pushed", 4), ("verified", 2), ("acknowledged", 2), ("rejected", 1), ("postponed", 1)):
            progress.observe(name, number)
        assert progress.through == 4
        assert progress.line().endswith("4 sur 4")
    drawn = stream.getvalue().split("\r")
    assert drawn[0].endswith("0 sur 4")
    assert drawn[-1] == ""
    assert drawn[-2].strip() == ""
    assert any("█" * 30 in line for line in drawn)


def test_a_script_sees_nothing_of_it() -> None:
    """Where nobody looks, or nothing waits, not one character is written."""
    for total, shown in ((4, False), (0, True)):
        stream = io.StringIO()
        with Progress(total, shown=shown, stream=stream) as progress:
            progress.observe("acknowledged", 1)
        assert stream.getvalue() == ""
