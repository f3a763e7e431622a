"""The encrypted file: open, migrate, transact, check. The only room that imports `sqlcipher3`."""

from sync.store.checks import CheckLine
from sync.store.encrypted import Store

__all__ = ["CheckLine", "Store"]
