"""An edit of a customer: from the CRM to the database of the ERP, beside the bare chain."""

import asyncpg
from stack.services import Stack

from . import measure, show
from .chains import ManyChain, bare_chain, database, product


async def run(stack: Stack, edits: int, rate: float, seconds: float, burst: int) -> None:
    """Measure one edit at a time, a steady rate, and a burst; print what was found."""
    hub = await asyncpg.connect(database(stack, "gateway"))
    async with product(stack) as ours, bare_chain(stack) as simple:
        chains: list[ManyChain] = [ours, simple]
        await _warm_up(hub, chains, burst)
        show.console.print(f"{edits} edits alone, on each chain in turn ...")
        show.times("One edit at a time", await measure.alone(chains, edits, burst))
        show.console.print(f"{rate:g} edits a second, {seconds:g} s on each chain, in turns ...")
        show.times(f"{rate:g} edits a second", await measure.steady(chains, rate, seconds, burst))
        await measure.quiet(hub)
        before = measure.processor_seconds(stack)
        rates = await measure.burst([ours], burst)
        await measure.quiet(hub)
        after = measure.processor_seconds(stack)
        rates |= await measure.burst([simple], burst)
        show.rates(f"{burst} edits at once, by batches of 200, until all are visible", "edits a second", rates)
        each = {name: (after[name] - before[name]) / burst for name in after}
        show.processor("Processor time of one of these edits", each)
    await hub.close()


async def _warm_up(hub: asyncpg.Connection, chains: list[ManyChain], records: int) -> None:
    show.console.print(f"Entering {records} customers ...")
    for chain in chains:
        await chain.prepare(records)
    await measure.burst(chains[1:], records)
    await measure.quiet(hub)
    await measure.burst(chains, min(100, records))
    await measure.quiet(hub)
