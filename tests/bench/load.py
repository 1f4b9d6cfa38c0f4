"""Many new customers at once, by `:batch` in the CRM, until they are equal on both sides."""

import asyncio
import time
from dataclasses import asdict, dataclass

import asyncpg
import psutil
from stack.services import Stack

from . import measure, show
from .chains import database, product

PATIENCE_SECONDS = 900
PARTS = 4
"""The load is timed in parts: the rate of the last one beside that of the first says whether the rate stays."""


@dataclass
class Loaded:
    """One part of the load: customers on both sides a second, and the memory of the gateway's worker afterwards."""

    records: int
    rate: float
    memory_mebibytes: float


async def run(stack: Stack, records: int) -> None:
    """Create the customers by `:batch` in the CRM, and print rates, memory, and the processor time of each process."""
    hub = await asyncpg.connect(database(stack, "gateway"))
    found = []
    before = measure.processor_seconds(stack)
    async with product(stack) as chain:
        for number in range(PARTS):
            show.console.print(f"Creating customers, part {number + 1} of {PARTS} ...")
            began = time.perf_counter()
            await chain.prepare(records // PARTS)
            await _in_step(chain.there, hub, (number + 1) * (records // PARTS))
            rate = records // PARTS / (time.perf_counter() - began)
            memory = psutil.Process(stack.parts["gateway-worker"].pid).memory_info().rss / 2**20
            found.append(Loaded((number + 1) * (records // PARTS), rate, memory))
    await hub.close()
    after = measure.processor_seconds(stack)
    rows = [(f"{each.records:,}", f"{each.rate:.0f}", f"{each.memory_mebibytes:.0f}") for each in found]
    show.table(
        f"{records:,} new customers by :batch, until in step on both sides",
        ("customers", "a second", "gateway worker, MiB"),
        rows,
        f"the last part has {found[-1].rate / found[0].rate:.2f} of the rate of the first",
        {"parts": [asdict(each) for each in found]},
    )
    each = {name: (after[name] - before[name]) / records for name in after}
    show.processor("Processor time of one of these customers", each)


async def _in_step(there: asyncpg.Connection, hub: asyncpg.Connection, wanted: int) -> None:
    """Return when the other side has all customers and the hub owes nobody anything."""
    end = time.perf_counter() + PATIENCE_SECONDS
    while await there.fetchval("select count(*) from customers") < wanted or await hub.fetchval(measure.UNDER_WAY):
        if time.perf_counter() > end:
            raise TimeoutError(f"{wanted} customers are not in step after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.25)
