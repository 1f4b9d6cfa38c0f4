"""What all processes use while nothing happens, with the records of the load in all three databases."""

import asyncio

import asyncpg
from stack.services import Stack

from . import measure, show
from .chains import database


async def run(stack: Stack, seconds: float) -> None:
    """Wait until the hub is quiet, then so many seconds; print the processor time of each process."""
    hub = await asyncpg.connect(database(stack, "gateway"))
    await measure.quiet(hub)
    records = await hub.fetchval("select count(*) from records")
    await hub.close()
    show.console.print(f"Nothing happens for {seconds:g} s ...")
    before = measure.processor_seconds(stack)
    await asyncio.sleep(seconds)
    after = measure.processor_seconds(stack)
    shares = {name: (after[name] - before[name]) / seconds for name in after}
    shares["together"] = sum(shares.values())
    used = [(name, f"{share:.1%}") for name, share in shares.items()]
    show.table(f"All processes idle, {records:,} records", ("process", "share of a core"), used, raw=shares)
