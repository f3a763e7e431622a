"""Commands of `comptoir`, each in a process of its own that is a fork of one in which everything is imported.

Rules: what runs is what the installed script runs, `terminal.cli.main`, with the caller's environment and folder and
its own standard streams; only the start of an interpreter is saved, which takes longer than most commands. The
installed script itself is started by the tests of the demonstration and by those that signal it.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.integration.receiver.forked", "tests.forked_program", "terminal.cli.claims"])
STREAMS = ("stdin", "stdout", "stderr")


def run_forked(arguments: Sequence[str], given: str = "", timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run one command; its status and what it wrote. TimeoutExpired when it does not end."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in STREAMS}
        files["stdin"].write_text(given, encoding="utf-8")
        asked = (list(arguments), {name: str(file) for name, file in files.items()}, dict(os.environ), str(Path.cwd()))
        process = CONTEXT.Process(target=_run, args=asked)
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        said = [files[name].read_text("utf-8") if files[name].exists() else "" for name in STREAMS[1:]]
        return subprocess.CompletedProcess(list(arguments), process.exitcode, *said)


def _run(arguments: list[str], files: Mapping[str, str], environment: Mapping[str, str], folder: str) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(STREAMS):
        os.dup2(os.open(files[name], os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115  # the streams of this process
        for number, mode in enumerate(("r", "w", "w"))
    )
    sys.argv = ["comptoir", *arguments]
    from terminal.cli import main  # noqa: PLC0415  # with the environment that was given

    status = main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(status)
