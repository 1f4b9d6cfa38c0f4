"""An edit of a customer: from the CRM to the database of the ERP, beside the bare chain."""

import asyncio

import asyncpg
from stack.services import Stack

from . import measure, show
from .chains import ManyChain, bare_chain, database, product

IDLE_SECONDS = 5.0


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
        await _single(stack, hub, ours, rate, seconds / 2, burst)
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


async def _single(
    stack: Stack, hub: asyncpg.Connection, chain: ManyChain, rate: float, seconds: float, records: int
) -> None:
    """What one edit costs that does not share its way with others; what the processes do without edits is deducted."""
    show.console.print(f"The cost of an edit: {rate:g} a second, {seconds:g} s ...")
    before = measure.processor_seconds(stack)
    await asyncio.sleep(IDLE_SECONDS)
    idle = {name: (used - before[name]) / IDLE_SECONDS for name, used in measure.processor_seconds(stack).items()}
    before, committed = measure.processor_seconds(stack), await _transactions(hub)
    edits, lasted = await measure.at_rate(chain, rate, seconds, records)
    after, committed_after = measure.processor_seconds(stack), await _transactions(hub)
    each = {name: max(0.0, after[name] - before[name] - idle[name] * lasted) / edits for name in after}
    show.processor(f"Processor time of a single edit, at {rate:g} a second", each)
    counted = [(name, f"{(committed_after[name] - committed[name]) / edits:.1f}") for name in ("crm", "gateway", "erp")]
    show.table("Transactions of a single edit, those of timers too", ("database", "transactions"), counted)


async def _transactions(hub: asyncpg.Connection) -> dict[str, int]:
    found = await hub.fetch("select datname, xact_commit from pg_stat_database where datname is not null")
    return {row["datname"]: row["xact_commit"] for row in found}


async def _warm_up(hub: asyncpg.Connection, chains: list[ManyChain], records: int) -> None:
    show.console.print(f"Entering {records} customers ...")
    for chain in chains:
        await chain.prepare(records)
    await measure.burst(chains[1:], records)
    await measure.quiet(hub)
    await measure.burst(chains, min(100, records))
    await measure.quiet(hub)
