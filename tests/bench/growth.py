"""What merging an event costs as the hub's tables grow: batches of edits at 10^3, 10^4, 10^5 records and more."""

import time
from uuid import UUID, uuid4

from chassis.db import create_engine, session_factory
from gateway.ingest import consume

from . import show
from .ingest import HOLDS, message

BATCH = 500
MEASURED = 2000
"""Edits that are timed at each size, of records from all over the table."""


async def run(address: str, largest: int) -> None:
    """Fill the hub step by step on a migrated, empty database, and print the cost of an event at each size."""
    engine = create_engine(address, "gateway", "worker")
    ingest = consume.Ingest(session_factory(engine), HOLDS)
    ids: list[UUID] = []
    costs: dict[int, float] = {}
    offset, size = 0, 1000
    while size <= largest:
        show.console.print(f"Filling the hub up to {size:,} records ...")
        while len(ids) < size:
            new = [uuid4() for _ in range(min(BATCH, size - len(ids)))]
            await ingest.handle([message(each, 1, offset + n) for n, each in enumerate(new)])
            ids += new
            offset += len(new)
        seq = 2 + len(costs)
        edited = ids[:: max(1, len(ids) // MEASURED)][:MEASURED]
        seconds = 0.0
        for first in range(0, len(edited), BATCH):
            batch = edited[first : first + BATCH]
            # Records that were measured before have a further edit each time; a gap in their numbers is repaired.
            messages = [message(each, seq, offset + n) for n, each in enumerate(batch)]
            began = time.perf_counter()
            await ingest.handle(messages)
            seconds += time.perf_counter() - began
            offset += len(batch)
        costs[size] = 1000 * seconds / len(edited)
        size *= 10
    await engine.dispose()
    least = costs[min(costs)]
    rows = [(f"{size:,}", f"{cost:.2f}", f"{cost / least:.2f}") for size, cost in costs.items()]
    show.table("Merging an event as the hub grows", ("records", "milliseconds an event", "ratio to the first"), rows)
