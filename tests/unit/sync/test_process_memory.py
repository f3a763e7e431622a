"""What holds keys and names stays in memory: locked where the system allows it; swap is found where there is any."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync.memory import swap_places

LOCKING = (
    "from sync.memory import keep_out_of_swap; locked = keep_out_of_swap(); held = b'x' * 2**24;"
    " print(locked, next(line for line in open('/proc/self/status') if line.startswith('VmLck')).split()[1])"
)
HOLES = """
import re, tempfile
from pathlib import Path
from sync.memory import keep_out_of_swap
from sync.store import Store
print(keep_out_of_swap())
with tempfile.TemporaryDirectory() as folder:
    store = Store.open(Path(folder, "store.db"), bytes(32))
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (n INTEGER) STRICT")
    store.close()
mappings = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", open("/proc/self/smaps").read())
private = [one for one in mappings if " rw-p " in one.partition("\\n")[0] and " lo" not in one.partition("VmFlags:")[2]]
print(sum(int(re.search(r"Rss:\\s+(\\d+)", one)[1]) for one in private))
"""
HEAPS = """
import ctypes, sys, threading
from sync.memory import give_back_what_is_free
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
if sys.argv[1] == "small":
    give_back_what_is_free()
threads = [threading.Thread(target=lambda: [bytearray(4096) for _ in range(1000)]) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
out = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, out)
library.fflush(out)
"""
UNPRIVILEGED = ("setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit", "--memlock=8388608:8388608")


def _said(*before: str) -> tuple[str, int]:
    """What a process says: whether it is locked, and KiB that are."""
    command = [*before, sys.executable, "-c", LOCKING]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    locked, kibibytes = done.stdout.split()
    return locked, int(kibibytes)


def test_memory_is_locked_where_there_is_no_limit() -> None:
    """Later memory too: sixteen mebibytes taken afterwards are locked with the rest."""
    locked, kibibytes = _said()
    if locked == "False":
        pytest.skip("this user has a limit of locked memory")
    assert kibibytes > 2**14


def test_an_open_store_makes_no_holes_in_locked_memory() -> None:
    """SQLCipher unlocks what it frees, unless it is told not to: no page of the process is left unlocked."""
    done = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True)
    locked, holes = done.stdout.split()
    if locked == "False":
        pytest.skip("this user has a limit of locked memory")
    assert int(holes) == 0


def test_a_limit_leaves_memory_unlocked_and_the_process_alive() -> None:
    """Nothing is locked that could end the process when it grows."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    assert _said(*UNPRIVILEGED) == ("False", 0)


def test_swap_is_found_and_compressed_memory_is_none(tmp_path: Path) -> None:
    """Files and partitions count, zram does not, and a system without the list has none."""
    table = tmp_path / "swaps"
    table.write_text("Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n/var/swap file 9 0 -2\n")
    assert swap_places(table) == ("/var/swap",)
    table.write_text("Filename Type Size Used Priority\n")
    assert swap_places(table) == ()
    assert swap_places(tmp_path / "none") == ()


def test_threads_share_one_heap() -> None:
    """With glibc, threads that allocate leave one heap where there would be more: what one frees, another uses."""

    def heaps(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", HEAPS, how], capture_output=True, text=True, check=True)
        return done.stdout.count("<heap nr=")

    assert heaps("small") == 1
    assert heaps("as it is") > 1
