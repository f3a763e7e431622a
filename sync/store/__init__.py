"""The encrypted file: open, migrate, transact, check. The only room that imports `sqlcipher3`."""

from sync.store.checks import CheckLine
from sync.store.direct import RowRefused, run
from sync.store.encrypted import Store
from sync.store.reserve import finishing
from sync.store.salvage import is_whole, remove_store, salvage

__all__ = ["CheckLine", "RowRefused", "Store", "finishing", "is_whole", "remove_store", "run", "salvage"]
