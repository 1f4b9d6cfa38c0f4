"""`python -m tests.bench [edits|load|ingest|growth|orders|...]`: measure these parts, or all; print the results."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from chassis import telemetry
from chassis.migrations import migrate
from chassis.service import Service
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY
from stack.postgres import Postgres
from stack.provision import provision
from stack.services import Stack

from . import api, contention, debezium, documents, edits, growth, idle, ingest, load, measure, orders
from .results import HERE, Results
from .show import console


class Part(StrEnum):
    """What is measured, in the order of the sections of RESULTS.md."""

    EDITS = "edits"
    LOAD = "load"
    IDLE = "idle"
    ORDERS = "orders"
    DEBEZIUM = "debezium"
    INGEST = "ingest"
    GROWTH = "growth"
    API = "api"
    CONTENTION = "contention"
    DOCUMENTS = "documents"


Server = TypeVar("Server")
Measurements = Mapping[Part, tuple[ModuleType, Callable[[Server], Coroutine[Any, Any, None]]]]


def bench(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; all of it without.")] = None,
    edits_alone: Annotated[int, typer.Option(help="Edits made alone, one after another.")] = 60,
    edit_rate: Annotated[float, typer.Option(help="Edits a second of the steady part.")] = 20,
    edit_burst: Annotated[int, typer.Option(help="Edits sent at once, by :batch.")] = 1000,
    load_records: Annotated[int, typer.Option(help="New customers of the load.")] = 40_000,
    idle_seconds: Annotated[float, typer.Option(help="Seconds for which nothing happens after the load.")] = 20,
    grown_to: Annotated[int, typer.Option(help="Records up to which tables grow, in powers of ten.")] = 1_000_000,
    orders_alone: Annotated[int, typer.Option(help="Orders made alone, one after another.")] = 30,
    order_rate: Annotated[float, typer.Option(help="Orders a second of the steady part.")] = 3,
    order_burst: Annotated[int, typer.Option(help="Orders submitted at once.")] = 300,
    seconds: Annotated[float, typer.Option(help="Length of each steady part, for each chain.")] = 20,
    connections: Annotated[int, typer.Option(help="Connections that confirm orders at once.")] = 8,
    confirmations: Annotated[int, typer.Option(help="Orders confirmed in each way.")] = 144,
    batched: Annotated[int, typer.Option(help="Documents of each kind, in batches of 200.")] = 400,
    into: Annotated[Path, typer.Option(help="The folder of RESULTS.md and of the raw values.")] = HERE,
) -> None:
    """Measure edits and orders through the whole product; ingest, confirmation under contention and batches alone."""
    began = time.perf_counter()
    wanted = set(parts or Part)
    results = Results(into, list(Part))
    whole: Measurements[Stack] = {
        Part.EDITS: (edits, lambda stack: edits.run(stack, edits_alone, edit_rate, seconds, edit_burst)),
        Part.ORDERS: (orders, lambda stack: orders.run(stack, orders_alone, order_rate, seconds, order_burst)),
        Part.DEBEZIUM: (debezium, lambda stack: debezium.run(stack, edits_alone, edit_rate, seconds, edit_burst)),
    }
    alone: Measurements[Postgres] = {
        Part.INGEST: (ingest, lambda server: ingest.run(_migrated(server, GATEWAY), server.url)),
        Part.GROWTH: (growth, lambda server: _growth(server, grown_to, into)),
        Part.API: (api, lambda server: api.run(_migrated(server, CRM), server.folder / "keys", seconds)),
        Part.CONTENTION: (
            contention,
            lambda server: asyncio.to_thread(contention.run, _migrated(server, ERP), connections, confirmations),
        ),
        Part.DOCUMENTS: (documents, lambda server: documents.run(_migrated(server, ERP), batched)),
    }
    _measure(results, wanted, whole, _stack)
    _load(results, wanted, load_records, idle_seconds)
    _measure(results, wanted, alone, _postgres)
    console.print(f"{time.perf_counter() - began:.0f} s in all.")
    if results.failed:
        console.print(f"Failed: {', '.join(results.failed)}")
        raise typer.Exit(1)


def _measure(
    results: Results,
    wanted: Collection[Part],
    parts: Measurements[Server],
    started: Callable[[], AbstractContextManager[Server]],
) -> None:
    """Measure the parts that are wanted, each on servers of its own."""
    for part, (module, measured) in parts.items():
        if part in wanted:
            telemetry.configure_logs("warning")  # A line for each request would be measured too.
            with results.section(part, module.__doc__), started() as server:
                asyncio.run(measured(server))


def _growth(server: Postgres, largest: int, into: Path) -> Coroutine[Any, Any, None]:
    async def admin(name: str) -> asyncpg.Connection:
        return await asyncpg.connect(server.url, database=name)

    hub, crm = _migrated(server, GATEWAY), _migrated(server, CRM)
    return growth.run(hub, crm, admin, lambda: measure.used_by(server.pid), largest, into)


def _load(results: Results, wanted: Collection[Part], records: int, idle_seconds: float) -> None:
    """Both parts on one stack: what is idle has the records of the load. For `idle` alone the load is not recorded."""
    if not {Part.LOAD, Part.IDLE} & set(wanted):
        return
    with _stack() as stack:
        with results.section(Part.LOAD, load.__doc__) if Part.LOAD in wanted else nullcontext():
            asyncio.run(load.run(stack, records))
        if Part.IDLE in wanted:
            with results.section(Part.IDLE, idle.__doc__):
                asyncio.run(idle.run(stack, idle_seconds))


@contextmanager
def _stack() -> Iterator[Stack]:
    console.print("Starting PostgreSQL, Kafka and the six processes ...")
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), fast=False) as stack:
        yield stack


@contextmanager
def _postgres() -> Iterator[Postgres]:
    console.print("Starting PostgreSQL alone ...")
    with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder), fast=False) as server:
        yield server


def _migrated(server: Postgres, service: Service) -> str:
    address = provision(server.url, service.name)
    migrate(address, service.name, service.metadata, service.versions)
    return address


if __name__ == "__main__":
    typer.run(bench)
