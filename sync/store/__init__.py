"""The encrypted file: open, migrate, transact, check. The only room that imports `sqlcipher3`."""

from sync.store.checks import CheckLine
from sync.store.encrypted import Store
from sync.store.salvage import is_whole, remove_store, salvage

__all__ = ["CheckLine", "Store", "is_whole", "remove_store", "salvage"]
