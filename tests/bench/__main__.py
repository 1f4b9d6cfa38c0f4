"""`python -m tests.bench [edits|load|ingest|growth|orders|...]`: measure these parts, or all; print the results."""

import asyncio
import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from chassis import telemetry
from chassis.migrations import migrate
from chassis.service import Service
from erp.wiring import SERVICE as ERP
from gateway.wiring import SERVICE as GATEWAY
from stack.postgres import Postgres
from stack.provision import provision
from stack.services import Stack

from . import contention, documents, edits, growth, ingest, load, orders
from .show import console


class Part(StrEnum):
    """What is measured."""

    EDITS = "edits"
    LOAD = "load"
    INGEST = "ingest"
    GROWTH = "growth"
    ORDERS = "orders"
    CONTENTION = "contention"
    DOCUMENTS = "documents"


def bench(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; all of it without.")] = None,
    edits_alone: Annotated[int, typer.Option(help="Edits made alone, one after another.")] = 60,
    edit_rate: Annotated[float, typer.Option(help="Edits a second of the steady part.")] = 20,
    edit_burst: Annotated[int, typer.Option(help="Edits sent at once, by :batch.")] = 1000,
    load_records: Annotated[int, typer.Option(help="New customers of the load.")] = 40_000,
    idle_seconds: Annotated[float, typer.Option(help="Seconds for which nothing happens after the load.")] = 20,
    grown_to: Annotated[int, typer.Option(help="Records up to which the hub grows, in powers of ten.")] = 100_000,
    orders_alone: Annotated[int, typer.Option(help="Orders made alone, one after another.")] = 30,
    order_rate: Annotated[float, typer.Option(help="Orders a second of the steady part.")] = 3,
    order_burst: Annotated[int, typer.Option(help="Orders submitted at once.")] = 300,
    seconds: Annotated[float, typer.Option(help="Length of each steady part, for each chain.")] = 20,
    connections: Annotated[int, typer.Option(help="Connections that confirm orders at once.")] = 8,
    confirmations: Annotated[int, typer.Option(help="Orders confirmed in each way.")] = 144,
    batched: Annotated[int, typer.Option(help="Documents of each kind, in batches of 200.")] = 400,
) -> None:
    """Measure edits and orders through the whole product; ingest, confirmation under contention and batches alone."""
    telemetry.configure_logs("warning")  # As services run: a line for each event would be measured too.
    began = time.perf_counter()
    wanted = set(parts or Part)
    if Part.EDITS in wanted:
        with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
            asyncio.run(edits.run(stack, edits_alone, edit_rate, seconds, edit_burst))
    if Part.LOAD in wanted:
        with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
            asyncio.run(load.run(stack, load_records, idle_seconds))
    if Part.ORDERS in wanted:
        with tempfile.TemporaryDirectory() as folder, _stack(folder) as stack:
            trades = orders.prepare(stack)
            asyncio.run(orders.run(stack, trades, orders_alone, order_rate, seconds, order_burst))
    if wanted & {Part.INGEST, Part.GROWTH, Part.CONTENTION, Part.DOCUMENTS}:
        console.print("Starting PostgreSQL alone ...")
        with tempfile.TemporaryDirectory() as folder, Postgres(Path(folder), fast=False) as server:
            if Part.INGEST in wanted:
                asyncio.run(ingest.run(_migrated(server, GATEWAY)))
            if Part.GROWTH in wanted:
                asyncio.run(growth.run(_migrated(server, GATEWAY, "grown"), grown_to))
            if Part.CONTENTION in wanted:
                contention.run(_migrated(server, ERP), connections, confirmations)
            if Part.DOCUMENTS in wanted:
                asyncio.run(documents.run(_migrated(server, ERP), batched))
    console.print(f"{time.perf_counter() - began:.0f} s in all.")


def _stack(folder: str) -> Stack:
    console.print("Starting PostgreSQL, Kafka and the six processes ...")
    return Stack(Path(folder), fast=False)


def _migrated(server: Postgres, service: Service, database: str | None = None) -> str:
    address = provision(server.url, service.name, database=database)
    migrate(address, service.name, service.metadata, service.versions)
    return address


if __name__ == "__main__":
    typer.run(bench)
