"""What a home holds, in figures that two copies of it can be compared by."""

from sqlalchemy import Connection, func, select

from sync.backup.manifest import Figures
from sync.queue.reconciliation import anchor
from sync.queue.tables import CHAIN, OUTBOX


def figures_of(connection: Connection) -> Figures:
    """The figures of a store."""
    mark = anchor(connection)
    states = connection.execute(select(OUTBOX.c.state, func.count().label("number")).group_by(OUTBOX.c.state)).all()
    chains = connection.execute(select(CHAIN.c.insurer, CHAIN.c.seq, CHAIN.c.head)).all()
    insurers = connection.exec_driver_sql("SELECT count(*) FROM insurer").scalar() or 0
    return Figures(
        states={row.state: row.number for row in states},
        heads={insurer: (seq, head) for insurer, seq, head in chains},
        counterfoil=(mark.offset, mark.digest.hex()),
        insurers=insurers,
    )
