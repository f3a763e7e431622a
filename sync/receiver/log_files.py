"""The log as plain files (c2sp.org/tlog-tiles): any web server can serve the folder.

    checkpoint            the signed note, replaced whole          tile/0/000.p/5    tiles
    tile/entries/…        entries beside the tiles of level 0

Rules: tiles are flushed, names included, before a checkpoint that needs them takes the place of the former one; a
partial tile stays until its full one is out. A kill leaves tiles nobody points at, which the next run writes again.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sync.crypto.tlog import Tile
from sync.durable import OWNER_ONLY, flush_folder, medium_errors, replace_file
from sync.errors import LogDamaged

_CHECKPOINT: Final = "checkpoint"
_OWNER_FOLDER: Final = 0o700


class LogFiles:
    """One log's folder, made when it is missing. Writers hold `sync.durable.folder_lock` of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with medium_errors():
            folder.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)

    def checkpoint(self) -> str | None:
        """The published checkpoint (signed note), if there is one yet."""
        try:
            return (self.folder / _CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise LogDamaged("the checkpoint cannot be read") from error

    def read(self, tile: Tile) -> bytes:
        """The bytes of a tile, or of the full tile in its place; LogDamaged when neither is there."""
        found = self.find(tile) or self.find(Tile(tile.level, tile.index))
        if found is None:
            raise LogDamaged("a tile is missing", tile=tile.path)
        return found

    def find(self, tile: Tile) -> bytes | None:
        """The bytes of exactly this tile, if it is there."""
        try:
            return (self.folder / tile.path).read_bytes()
        except OSError:
            return None

    def add(self, tiles: Iterable[tuple[Tile, bytes]]) -> None:
        """Make these tiles durable, in place of what an interrupted run left under their names."""
        folders: set[Path] = set()
        with medium_errors():
            for tile, data in tiles:
                path = self.folder / tile.path
                folders.update(self._make_folder(path.parent))
                self._write(path, data)
            for folder in sorted(folders):
                flush_folder(folder)

    def publish(self, checkpoint: str) -> None:
        """Make this the log's checkpoint; its tiles are durable already."""
        replace_file(self.folder / _CHECKPOINT, checkpoint.encode("utf-8"))

    def drop_partials(self, tiles: Iterable[Tile]) -> None:
        """Remove the partial tiles in the places of these full ones."""
        for tile in tiles:
            shutil.rmtree(self.folder / f"{tile.path}.p", ignore_errors=True)

    def _make_folder(self, folder: Path) -> set[Path]:
        """Make a folder; those whose names have to be flushed: itself, and the parents of each new one."""
        touched = {folder}
        while not folder.is_dir():
            folder = folder.parent
            touched.add(folder)
        for path in sorted(touched):
            path.mkdir(mode=_OWNER_FOLDER, exist_ok=True)
        return touched

    def _write(self, path: Path, data: bytes) -> None:
        part = path.with_name(f".{path.name}.new")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
        try:
            os.write(descriptor, data)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(path)
