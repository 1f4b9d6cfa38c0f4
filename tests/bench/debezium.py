"""An edit of a customer through Concord, beside the same row through Debezium: change data capture and no merge.

Debezium's PostgreSQL source (pgoutput) and its JDBC sink run in one standalone Kafka Connect, on the broker of the
stack and on a PostgreSQL of their own with `wal_level=logical`, from one database to another. They poll as often as
the product, carry rows one way, and know no tenants, rights, conflicts or ways back.
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
from stack.jars import locked
from stack.ports import HOST, free_port
from stack.postgres import Postgres
from stack.services import Stack

from . import bare, measure, show
from .chains import Bare, ManyChain, chunks, database, item, product
from .connect import LOCK, Connect

ROLE = "connect"
NEAR, FAR = "near", "far"
TOPICS = "bench"
ALLOWED = f"local all all trust\nhost all,replication {ROLE} {HOST}/32 scram-sha-256\n"
"""Who may connect: the bench over the socket, Debezium with a password over TCP, which the JDBC driver needs."""


class Captured(Bare):
    """A row of one database, seen in another one to which Debezium brings it."""

    async def edit_many(self, marks: Sequence[str]) -> None:
        for chunk in chunks([item(record, mark) for record, mark in enumerate(marks)]):
            await bare.upsert(self.here, "here", chunk)

    async def edit(self, record: int, mark: str) -> None:
        await bare.upsert(self.here, "here", [item(record, mark)])


@dataclass(frozen=True)
class Source:
    """The PostgreSQL of both databases as Debezium meets it."""

    port: int
    password: str

    def connectors(self) -> list[dict[str, str]]:
        """The source and the sink, by their documented settings; what differs from a default is named here."""
        source = {
            "name": "source",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "plugin.name": "pgoutput",
            "database.hostname": HOST,
            "database.port": str(self.port),
            "database.user": ROLE,
            "database.password": self.password,
            "database.dbname": NEAR,
            "topic.prefix": TOPICS,
            "table.include.list": "public.here",
            "publication.autocreate.mode": "filtered",
            "snapshot.mode": "no_data",
            "tombstones.on.delete": "false",
            # Half a second is the default.
            "poll.interval.ms": str(round(1000 * bare.POLL_SECONDS)),
            "topic.creation.default.replication.factor": "1",
            "topic.creation.default.partitions": "1",
        }
        sink = {
            "name": "sink",
            "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
            "topics": f"{TOPICS}.public.here",
            "connection.url": f"jdbc:postgresql://{HOST}:{self.port}/{FAR}?stringtype=unspecified",
            "connection.username": ROLE,
            "connection.password": self.password,
            "insert.mode": "upsert",
            "primary.key.mode": "record_key",
            "collection.name.format": "there",
            "use.reduction.buffer": "true",
        }
        return [source, sink]


async def run(stack: Stack, edits: int, rate: float, seconds: float, burst: int) -> None:
    """Measure both chains in turns: one row at a time, a steady rate, a burst; print memory and processor time too."""
    hub = await asyncpg.connect(database(stack, "gateway"))
    async with product(stack) as ours, debezium(stack) as (captured, connect, server):
        chains: list[ManyChain] = [ours, captured]
        show.console.print(f"Entering {burst} customers ...")
        for chain in chains:
            await chain.prepare(burst)
        await measure.burst(chains, min(burst, 100))
        await measure.quiet(hub)
        show.console.print(f"{edits} rows alone, then {rate:g} a second for {seconds:g} s, on each chain in turn ...")
        show.times("One row at a time", await measure.alone(chains, edits, burst))
        show.times(f"{rate:g} rows a second", await measure.steady(chains, rate, seconds, burst))
        rates: dict[str, float] = {}
        processor: dict[str, float] = {}
        for chain in chains:
            await measure.quiet(hub)
            before = _processor(stack, connect, server)
            rates |= await measure.burst([chain], burst)
            await measure.quiet(hub)
            after = _processor(stack, connect, server)
            processor[chain.name] = 1000 * (sum(after.values()) - sum(before.values())) / burst
        show.rates(f"{burst} rows at once, until all are visible", "rows a second", rates)
        show.rates("Processor time of one of these rows, all processes", "milliseconds", processor)
        _show_memory(stack, connect)
    await hub.close()
    show.note(f"Debezium {_version('debezium-core')} on Kafka Connect {_version('connect-runtime')}.")


def _processor(stack: Stack, connect: Connect, server: Postgres) -> dict[str, float]:
    others = {"connect": connect.pid, "its PostgreSQL": server.pid}
    return measure.processor_seconds(stack) | {name: measure.used_by(pid) for name, pid in others.items()}


def _show_memory(stack: Stack, connect: Connect) -> None:
    """Memory of what carries rows: neither the databases nor the broker, which both need."""
    ours = {name: part.pid for name, part in stack.parts.items() if name not in ("postgres", "kafka")}
    each = {name: measure.memory_mebibytes(pid) for name, pid in {**ours, "Kafka Connect": connect.pid}.items()}
    connectors = each.pop("Kafka Connect")
    rows = [(name, f"{value:.0f}") for name, value in each.items()]
    rows += [
        ("Concord together", f"{sum(each.values()):.0f}"),
        ("Kafka Connect with both connectors", f"{connectors:.0f}"),
    ]
    show.table("Memory after it", ("process", "MiB"), rows, raw={**each, "connect": connectors})


def _version(artifact: str) -> str:
    return next(jar.version for jar in locked(LOCK) if jar.artifact == artifact)


@asynccontextmanager
async def debezium(stack: Stack) -> AsyncIterator[tuple[Captured, Connect, Postgres]]:
    """The chain with its Kafka Connect and its PostgreSQL, when the first row has arrived."""
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        source = Source(free_port(), secrets.token_hex(16))
        server = closing.enter_context(_server(folder, source.port))
        await _prepare(server, source.password)
        connect = Connect(folder / "connect", stack.bootstrap, source.connectors())
        await asyncio.to_thread(closing.enter_context, connect)
        here, there = [await asyncpg.connect(server.url, database=name) for name in (NEAR, FAR)]
        closing.push_async_callback(here.close)
        closing.push_async_callback(there.close)
        chain = Captured("Debezium", here, there)
        await _first_row(chain, connect)
        yield chain, connect, server


def _server(folder: Path, port: int) -> Postgres:
    allowed = folder / "pg_hba.conf"
    allowed.write_text(ALLOWED)
    allowed.chmod(0o644)
    settings = {"wal_level": "logical", "listen_addresses": HOST, "port": str(port), "hba_file": str(allowed)}
    return Postgres(folder / "postgres", settings=settings)


async def _prepare(server: Postgres, password: str) -> None:
    admin = await asyncpg.connect(server.url)
    await admin.execute(f"create role {ROLE} login replication password '{password}'")
    for name in (NEAR, FAR):
        await admin.execute(f"create database {name} owner {ROLE}")
        connection = await asyncpg.connect(server.url, database=name)
        await connection.execute(f"set role {ROLE}; {bare.SCHEMA}")
        await connection.close()
    await admin.close()


async def _first_row(chain: Captured, connect: Connect) -> None:
    """Write rows until one arrives: what is written before the source listens is not captured."""
    for _ in range(measure.PATIENCE_SECONDS):
        mark = f"{uuid4().hex}@example.com"
        await chain.edit(0, mark)
        for _ in range(20):
            if await measure.Watch(chain).seen([mark]):
                return
            await asyncio.sleep(0.05)
        connect.check()
    raise TimeoutError("Debezium brings no row")
