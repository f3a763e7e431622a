"""Many claims in one run of the counter, trouble mixed in; COMPTOIR_LONG_DAY=1000 is the whole, and judges memory."""

import json
import os
import subprocess
import sys

CLAIMS = int(os.environ.get("COMPTOIR_LONG_DAY", "12"))
WARM = 500
"""From so many claims on, the first tenth has filled every cache."""


def test_every_claim_of_a_long_day_is_registered_and_memory_stays() -> None:
    """None is lost or rejected at the end, whatever came between; what grew since the first tenth is 5 % at most."""
    command = [sys.executable, "-m", "tests.tui.long_day", str(CLAIMS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    states = said["states"]
    assert states.keys() <= {"acknowledged", "queued", "superseded"}
    assert states.get("acknowledged", 0) + states["queued"] == CLAIMS
    assert states.get("superseded", 0) == CLAIMS // 50
    if CLAIMS >= WARM:
        assert said["memory"][-1] <= 1.05 * said["memory"][0], said["memory"]
