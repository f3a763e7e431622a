"""The encrypted file: open, migrate, transact, check. The only room that imports `sqlcipher3`."""

from sync.store.checks import CheckLine
from sync.store.encrypted import Store
from sync.store.reserve import finishing
from sync.store.salvage import is_whole, remove_store, salvage

__all__ = ["CheckLine", "Store", "finishing", "is_whole", "remove_store", "salvage"]
