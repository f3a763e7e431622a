"""What a home holds, in figures that two copies of it can be compared by."""

from sync.backup.manifest import Figures
from sync.insurers import InsurerBook
from sync.queue import Chains
from sync.queue.reading import QueueReader
from sync.store import Store


def figures_of(store: Store) -> Figures:
    """The figures of a store."""
    chains = Chains(store)
    mark = chains.followed()
    return Figures(
        states=QueueReader(store).summary().states,
        heads=chains.heads(),
        counterfoil=(mark.offset, mark.digest.hex()),
        insurers=len(InsurerBook(store).all()),
    )
