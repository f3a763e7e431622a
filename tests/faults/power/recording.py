"""From system calls to what they mean for the files below one folder.

Rules: a file and a folder are inode numbers of ours, a name in a folder may point to another one later; bytes carry
their place in the file. What the model ends with must be what the folder holds in the end: whoever records compares
them, so that a call that was misread is found. The memory map of SQLite's `-shm` file is no durable data and is left
out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from tests.faults.power.system_calls import Call

Kind = Literal["bytes", "size", "flush", "name", "move", "drop", "folder", "flush_names", "mark"]
_FREE: Final = frozenset({"close", "lseek", "sync_file_range"})
_HERE: Final = "AT_FDCWD"
ROOT: Final = 0


@dataclass(frozen=True)
class Operation:
    """One change: `file` is an inode, a folder's too; `data` bytes or a mark's text.

    `name` stands in the folder `folder` (an inode), `other` in the folder `into`.
    """

    kind: Kind
    file: int = -1
    offset: int = 0
    data: bytes = b""
    folder: int = -1
    name: str = ""
    into: int = -1
    other: str = ""


@dataclass
class Tree:
    """Which names stand in which folder: by the folder's inode, then by name, the inode of a file or a folder."""

    names: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})

    def at(self, path: str) -> int | None:
        """The inode at a path below the root, "" for the root itself."""
        found: int | None = ROOT
        for part in PurePosixPath(path).parts:
            found = self.names.get(-1 if found is None else found, {}).get(part)
        return found

    def files(self, folder: int = ROOT, above: str = "") -> Iterable[tuple[str, int]]:
        """The path and the inode of each file."""
        for name, inode in self.names[folder].items():
            if inode in self.names:
                yield from self.files(inode, f"{above}{name}/")
            else:
                yield above + name, inode


def grown(files: Mapping[str, bytes]) -> tuple[Tree, dict[int, bytes]]:
    """A tree with these files, each numbered anew, and their contents by inode."""
    tree, contents, number = Tree(), dict[int, bytes](), ROOT
    for path, content in sorted(files.items()):
        folder = ROOT
        *above, name = PurePosixPath(path).parts
        for part in above:
            if part not in tree.names[folder]:
                number += 1
                tree.names[folder][part] = number
                tree.names[number] = {}
            folder = tree.names[folder][part]
        number += 1
        tree.names[folder][name] = number
        contents[number] = content
    return tree, contents


@dataclass
class _Open:
    file: int
    path: str
    place: int = 0
    appends: bool = False


class Recording:
    """Reads the calls of one process that worked on `folder`, which held `before` at the start; marks go to `marks`."""

    def __init__(self, folder: Path, marks: Path, before: dict[str, bytes]) -> None:
        self.before = dict(sorted(before.items()))
        self.operations: list[Operation] = []
        self._folder, self._marks = str(folder), str(marks)
        self._tree, contents = grown(self.before)
        self._sizes = {inode: len(content) for inode, content in contents.items()}
        self._last = max((*self._sizes, *self._tree.names))
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
        path, flags = self._path(call, at), call.text(at + 1)
        self._marking.discard(call.result)
        self._open[call.result] = None
        if path == self._marks:
            self._marking.add(call.result)
        elif (name := self._below(path)) is not None and not name.endswith("-shm"):
            self._open[call.result] = self._open_file(name, flags)

    def _open_file(self, path: str, flags: str) -> _Open:
        inode = self._tree.at(path)
        if inode is None:
            inode = self._new(path)
            self._sizes[inode] = 0
            folder, name = self._where(path)
            self._add(Operation("name", inode, folder=folder, name=name))
        if "O_TRUNC" in flags and self._sizes[inode]:
            self._resize(inode, 0)
        return _Open(inode, path, appends="O_APPEND" in flags)

    def _new(self, path: str) -> int:
        """An inode for what is made at this path."""
        self._last += 1
        folder, name = self._where(path)
        self._tree.names[folder][name] = self._last
        return self._last

    def _where(self, path: str) -> tuple[int, str]:
        """The inode of the folder, and the name in it."""
        parent = str(PurePosixPath(path).parent)
        folder = self._tree.at("" if parent == "." else parent)
        if folder is None or folder not in self._tree.names:
            raise ValueError(f"{path} lies in no folder that is known")
        return folder, PurePosixPath(path).name

    def _named(self, call: Call, at: int) -> None:
        path = self._below(self._path(call, at))
        if path is None or path.endswith("-shm"):
            return
        if call.name in ("unlink", "unlinkat", "rmdir"):
            self._dropped(path)
        elif call.name.startswith("rename"):
            self._moved(path, self._below(self._path(call, at + 2 if at else 1)))
        elif call.name.startswith("mkdir"):
            folder, name = self._where(path)
            inode = self._new(path)
            self._tree.names[inode] = {}
            self._add(Operation("folder", inode, folder=folder, name=name))
        elif call.name in ("link", "linkat"):
            self._linked(path, self._below(self._path(call, at + 2 if at else 1)))
        else:
            raise ValueError(f"{call.name} is not known to the model")

    def _dropped(self, path: str) -> None:
        folder, name = self._where(path)
        self._add(Operation("drop", self._tree.names[folder].pop(name), folder=folder, name=name))

    def _linked(self, path: str, to: str | None) -> None:
        """A file gets a second name."""
        folder, name = self._where(self._inside(to))
        inode = self._tree.at(path)
        if inode is None:
            raise ValueError(f"{path} is not known")
        self._tree.names[folder][name] = inode
        self._add(Operation("name", inode, folder=folder, name=name))

    def _moved(self, path: str, to: str | None) -> None:
        (folder, name), (into, other) = self._where(path), self._where(self._inside(to))
        inode = self._tree.names[folder].pop(name)
        self._tree.names[into][other] = inode
        self._add(Operation("move", inode, folder=folder, name=name, into=into, other=other))

    def _inside(self, path: str | None) -> str:
        if path is None:
            raise ValueError("what leaves the folder is not known to the model")
        return path

    def _path(self, call: Call, place: int) -> str:
        """The absolute path of an argument, which may be relative to the descriptor before it."""
        path = call.text(place)
        if path.startswith("/") or place == 0 or call.text(place - 1) == _HERE:
            return path
        opened = self._open.get(call.number(place - 1))
        return path if opened is None else "/".join((self._folder, opened.path, path)).replace("//", "/")

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
        if opened.file in self._tree.names:
            self._add(Operation("flush_names", opened.file))
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
