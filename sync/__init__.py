"""Signed claims leave this machine exactly once: contract, keys, store, queue, exchange, and the reference receiver."""
