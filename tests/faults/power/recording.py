"""From system calls to what they mean for the files below one folder.

Rules: a file is an inode number of ours, a name may point to another one later; bytes carry their place in the file.
What the model ends with must be what the folder holds in the end: `Recording.require_true` compares them, so that a
call that was misread is found. The memory map of SQLite's `-shm` file is no durable data and is left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.faults.power.system_calls import Call

Kind = Literal["bytes", "size", "flush", "name", "move", "drop", "folder", "flush_names", "mark"]
_FREE: Final = frozenset({"close", "lseek", "sync_file_range"})


@dataclass(frozen=True)
class Operation:
    """One change: `file` is an inode; `name` and `other` are paths below the folder; `data` bytes or a mark's text."""

    kind: Kind
    file: int = -1
    offset: int = 0
    data: bytes = b""
    name: str = ""
    other: str = ""


@dataclass
class _Open:
    file: int
    name: str
    place: int = 0
    appends: bool = False


class Recording:
    """Reads the calls of one process that worked on `folder`, which held `before` at the start; marks go to `marks`."""

    def __init__(self, folder: Path, marks: Path, before: dict[str, bytes]) -> None:
        self.before = dict(sorted(before.items()))
        self.operations: list[Operation] = []
        self._folder, self._marks = str(folder), str(marks)
        self._names = {name: number for number, name in enumerate(self.before)}
        self._sizes = {number: len(content) for number, content in enumerate(self.before.values())}
        self._open: dict[int, _Open | None] = {}
        self._marking: set[int] = set()

    def read(self, calls: Iterable[Call]) -> "Recording":
        """Take in all calls of the process."""
        for call in calls:
            self._take(call)
        return self

    def _take(self, call: Call) -> None:
        if call.name in ("openat", "open", "creat"):
            self._opened(call)
        elif call.name in ("rename", "unlink", "mkdir", "rmdir", "truncate", "link", "symlink"):
            self._named(call, 0)
        elif call.name in ("renameat", "renameat2", "unlinkat", "mkdirat", "linkat", "symlinkat"):
            self._named(call, 1)
        elif call.name in ("sync", "syncfs", "io_uring_setup", "msync"):
            raise ValueError(f"{call.name} is not known to the model")
        else:
            self._on_descriptor(call)

    def _opened(self, call: Call) -> None:
        at = 1 if call.name == "openat" else 0
        path, flags = call.text(at), call.text(at + 1)
        self._marking.discard(call.result)
        self._open[call.result] = None
        if path == self._marks:
            self._marking.add(call.result)
        elif (name := self._below(path)) is not None and not name.endswith("-shm"):
            self._open[call.result] = self._open_file(name, flags)

    def _open_file(self, name: str, flags: str) -> _Open:
        if "O_DIRECTORY" in flags or name in ("", "."):
            return _Open(-1, name)
        if name not in self._names:
            self._names[name] = len(self._sizes)
            self._sizes[self._names[name]] = 0
            self._add(Operation("name", self._names[name], name=name))
        file = self._names[name]
        if "O_TRUNC" in flags and self._sizes[file]:
            self._resize(file, 0)
        return _Open(file, name, appends="O_APPEND" in flags)

    def _named(self, call: Call, at: int) -> None:
        name = self._below(call.text(at))
        if name is None:
            return
        if call.name.startswith("unlink"):
            if self._names.pop(name, None) is not None:
                self._add(Operation("drop", name=name))
        elif call.name.startswith("rename"):
            self._moved(name, self._below(call.text(at + 2 if at else 1)) or "")
        elif call.name.startswith("mkdir"):
            self._add(Operation("folder", name=name))
        elif not name.endswith("-shm"):
            raise ValueError(f"{call.name} is not known to the model")

    def _moved(self, name: str, other: str) -> None:
        self._names[other] = self._names.pop(name)
        self._add(Operation("move", self._names[other], name=name, other=other))

    def _on_descriptor(self, call: Call) -> None:
        descriptor = call.number(0)
        if descriptor in self._marking and call.name == "write":
            self._add(Operation("mark", data=call.data(1)))
            return
        opened = self._open.get(descriptor)
        if opened is None or call.name == "close":
            self._open[descriptor] = None
            return
        effect = _EFFECTS.get(call.name)
        if effect is not None:
            effect(self, opened, call)
        elif call.name not in _FREE:
            raise ValueError(f"{call.name} is not known to the model")

    def _written(self, opened: _Open, call: Call) -> None:
        place = self._sizes[opened.file] if opened.appends else opened.place
        opened.place = place + call.result
        self._put(opened.file, place, call.data(1))

    def _written_at(self, opened: _Open, call: Call) -> None:
        self._put(opened.file, call.number(3), call.data(1))

    def _put(self, file: int, place: int, data: bytes) -> None:
        self._sizes[file] = max(self._sizes[file], place + len(data))
        self._add(Operation("bytes", file, place, data))

    def _truncated(self, opened: _Open, call: Call) -> None:
        self._resize(opened.file, call.number(1))

    def _allocated(self, opened: _Open, call: Call) -> None:
        end = call.number(2) + call.number(3)
        if call.text(1) != "0":
            raise ValueError("fallocate with a mode is not known to the model")
        if end > self._sizes[opened.file]:
            self._resize(opened.file, end)

    def _resize(self, file: int, size: int) -> None:
        self._sizes[file] = size
        self._add(Operation("size", file, size))

    def _sought(self, opened: _Open, call: Call) -> None:
        opened.place = call.result

    def _flushed(self, opened: _Open, _call: Call) -> None:
        if opened.file < 0:
            self._add(Operation("flush_names", name=opened.name))
        else:
            self._add(Operation("flush", opened.file))

    def _below(self, path: str) -> str | None:
        """The name below the folder, "" for the folder itself, None for what lies elsewhere."""
        if path == self._folder:
            return ""
        prefix = self._folder + "/"
        return path[len(prefix) :] if path.startswith(prefix) else None

    def _add(self, operation: Operation) -> None:
        self.operations.append(operation)


_Effect = Callable[[Recording, _Open, Call], None]
_EFFECTS: Final[dict[str, _Effect]] = {
    "write": Recording._written,
    "pwrite64": Recording._written_at,
    "ftruncate": Recording._truncated,
    "fallocate": Recording._allocated,
    "lseek": Recording._sought,
    "fsync": Recording._flushed,
    "fdatasync": Recording._flushed,
}
