"""`python -m tests.bench`: start the product, measure it beside the bare chain, print what was found."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from chassis.migrations import migrate
from gateway.wiring import SERVICE as GATEWAY
from rich.console import Console
from rich.table import Table
from stack.provision import provision
from stack.services import Stack

from . import measure
from .chains import Chain, bare_chain, database, product
from .ingest import Speed
from .ingest import measure as measure_ingest
from .measure import Times

console = Console()
UNDER_WAY = "select exists (select from deliveries where state = 'pending' or leased_until is not null)"


def bench(
    edits: Annotated[int, typer.Option(help="Edits made alone, one after another.")] = 60,
    rate: Annotated[float, typer.Option(help="Edits a second of the steady part.")] = 20,
    seconds: Annotated[float, typer.Option(help="Length of the steady part, for each chain.")] = 20,
    burst: Annotated[int, typer.Option(help="Edits sent at once, by :batch.")] = 1000,
) -> None:
    """Measure: from an edit in the CRM to the database of the ERP."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        console.print("Starting PostgreSQL, Kafka and the six processes ...")
        with Stack(Path(folder), fast=False) as stack:
            fresh = provision(stack.admin_url, "gateway", database="ingest")
            migrate(fresh, GATEWAY.name, GATEWAY.metadata, GATEWAY.versions)
            asyncio.run(_measure(stack, edits, rate, seconds, burst, fresh))
    console.print(f"{time.perf_counter() - began:.0f} s in all.")


async def _measure(stack: Stack, edits: int, rate: float, seconds: float, burst: int, fresh: str) -> None:
    hub = await asyncpg.connect(database(stack, "gateway"))
    async with product(stack) as ours, bare_chain(stack) as simple:
        chains: list[Chain] = [ours, simple]
        console.print(f"Entering {burst} customers ...")
        for chain in chains:
            await chain.prepare(burst)
        await measure.burst([simple], burst)
        await asyncio.sleep(1)
        await measure.quiet(hub, UNDER_WAY)
        await measure.burst(chains, 100)
        await measure.quiet(hub, UNDER_WAY)
        console.print(f"{edits} edits alone, on each chain in turn ...")
        _show_times("One edit at a time", await measure.alone(chains, edits, burst), chains)
        console.print(f"{rate:g} edits a second, {seconds:g} s on each chain, in turns ...")
        _show_times(f"{rate:g} edits a second", await measure.steady(chains, rate, seconds, burst), chains)
        await measure.quiet(hub, UNDER_WAY)
        before = measure.processor_seconds(stack)
        rates = await measure.burst([ours], burst)
        await measure.quiet(hub, UNDER_WAY)
        after = measure.processor_seconds(stack)
        _show_rates({**rates, **await measure.burst([simple], burst)}, burst, chains)
        _show_processor({name: (after[name] - before[name]) / burst for name in after})
    await hub.close()
    _show_ingest(await measure_ingest(fresh))


def _show_times(title: str, times: Mapping[str, Times], chains: list[Chain]) -> None:
    table = Table(title=title, caption="milliseconds from the beginning of the edit; seen by a SELECT every 2 ms")
    for column in ("", *(chain.name for chain in chains), "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    for which, label in enumerate(("answered to the writer", "visible in the other system")):
        for percent in (50, 99):
            values = [times[chain.name].milliseconds(percent)[which] for chain in chains]
            table.add_row(f"{label}, p{percent}", *(f"{v:.1f}" for v in values), f"{values[0] / values[1]:.1f}")
    console.print(table)


def _show_rates(rates: Mapping[str, float], edits: int, chains: list[Chain]) -> None:
    table = Table(title=f"{edits} edits at once, by batches of 200, until all are visible")
    for column in ("", *(chain.name for chain in chains), "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    ours, simple = (rates[chain.name] for chain in chains)
    table.add_row("edits a second", f"{ours:.0f}", f"{simple:.0f}", f"{ours / simple:.2f}")
    console.print(table)


def _show_processor(seconds: Mapping[str, float]) -> None:
    table = Table(title="Processor time of one of these edits", caption="the way back to the sender too")
    table.add_column("process")
    table.add_column("milliseconds", justify="right")
    for name, each in {**seconds, "together": sum(seconds.values())}.items():
        table.add_row(name, f"{1000 * each:.1f}")
    console.print(table)


def _show_ingest(speeds: Mapping[str, Speed]) -> None:
    steps = list(dict.fromkeys(step for speed in speeds.values() for step in speed.steps))
    table = Table(title="Ingest alone, batches of 500", caption="share of the time; the rest is the commit")
    for column in ("", "events a second", *(step.strip("_") for step in steps), "rest"):
        table.add_column(column, justify="left" if not column else "right")
    for name, speed in speeds.items():
        shares = [speed.steps[step] / speed.seconds for step in steps]
        table.add_row(name, f"{speed.rate:.0f}", *(f"{share:.0%}" for share in (*shares, 1 - sum(shares))))
    console.print(table)


if __name__ == "__main__":
    typer.run(bench)
