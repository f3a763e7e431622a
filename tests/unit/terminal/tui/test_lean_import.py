"""The command line names the screens without paying for them."""

import subprocess
import sys


def test_naming_the_screens_loads_no_screen_library() -> None:
    """Neither Textual nor Rich, nor what the counter stands on."""
    dear = "{'textual', 'rich', 'sqlalchemy', 'smartcard', 'httpx'}"
    code = f"import terminal.tui, sys; print(sorted({dear} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
