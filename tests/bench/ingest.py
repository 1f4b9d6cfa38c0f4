"""Ingest alone: events a second of `Ingest.handle`, and where the time goes.

Beside it the hop of the bare chain: each batch is parsed, upserted as it is, and its position kept, in one transaction.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import asyncpg
import orjson
from adjustments.garbage import collect_seldom
from chassis.bus import Message
from chassis.db import create_engine, session_factory, uuid7
from chassis.events import Event, to_headers
from chassis.telemetry import configure_logs
from gateway.ingest import consume
from gateway.kinds.holders import declared
from stack.keys import FIRST_TENANT

from . import bare, show
from .chains import EXAMPLE

TOPIC = "crm.customer.v1"
HOLDS = {name: declared(name) for name in ("crm", "erp")}
BATCH, ROUNDS = 500, 6
NEW, KNOWN = "new records", "edits of known records"
STEPS = ("lock_positions", "read", "read_named", "load_named", "fold", "save", "advance")


@dataclass
class Speed:
    """Events a second, the seconds of each step, and the processor time of this process."""

    events: int = 0
    seconds: float = 0.0
    busy_seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def rate(self) -> float:
        return self.events / self.seconds


async def run(address: str, admin_url: str) -> None:
    """Measure on a migrated, empty database of the gateway, and print what was found."""
    speeds = await measure(address)
    bare_rates = await _bare(admin_url)
    raw = {name: dict(vars(speed)) for name, speed in speeds.items()}
    rows: list[tuple[str, ...]] = []
    for name, speed in speeds.items():
        compared = f"{bare_rates[name]:.0f}", f"{speed.rate / bare_rates[name]:.2f}"
        rows.append((name, f"{speed.rate:.0f}", *compared, f"{speed.busy_seconds / speed.events * 1e6:.0f}"))
    columns = ("", "events a second", "bare", "ratio", "processor us each")
    show.table(f"Ingest alone, batches of {BATCH}", columns, rows, raw={**raw, "bare": bare_rates})
    steps = list(dict.fromkeys(step for speed in speeds.values() for step in speed.steps))
    rows = []
    for name, speed in speeds.items():
        shares = [speed.steps[step] / speed.seconds for step in steps]
        rows.append((name, *(f"{share:.0%}" for share in (*shares, 1 - sum(shares)))))
    show.table("Where the time of ingest goes", ("", *steps, "rest"), rows, "the rest is the commit")


async def measure(address: str, batch: int = BATCH, rounds: int = ROUNDS) -> dict[str, Speed]:
    """New records, then edits of records that the hub knows, in whole batches."""
    configure_logs("info")
    collect_seldom()
    engine = create_engine(address, "gateway", "worker")
    ingest = consume.Ingest(session_factory(engine), HOLDS)
    speeds = {NEW: Speed(), KNOWN: Speed()}
    offset = 0
    for _ in range(rounds):
        ids = [uuid4() for _ in range(batch)]
        for seq, speed in enumerate(speeds.values(), start=1):
            messages = [message(local_id, seq, offset + n) for n, local_id in enumerate(ids)]
            offset += batch
            with _timed(speed.steps):
                began, busy = time.perf_counter(), time.process_time()
                await ingest.handle(messages)
                speed.seconds += time.perf_counter() - began
                speed.busy_seconds += time.process_time() - busy
            speed.events += batch
    await engine.dispose()
    return speeds


async def _bare(admin_url: str) -> dict[str, float]:
    """Events a second of the bare hop, on a database of its own."""
    admin = await asyncpg.connect(admin_url)
    await admin.execute("create database bare")
    await admin.close()
    connection = await asyncpg.connect(admin_url, database="bare")
    await connection.execute(bare.SCHEMA)
    seconds = dict.fromkeys((NEW, KNOWN), 0.0)
    for _ in range(ROUNDS):
        ids = [uuid4() for _ in range(BATCH)]
        for seq, name in enumerate(seconds, start=1):
            values = [message(local_id, seq, number).value for number, local_id in enumerate(ids)]
            began = time.perf_counter()
            events = [orjson.loads(value or b"") for value in values]
            items = [{"id": e["local_id"], "email": e["snapshot"]["email"], "data": e} for e in events]
            async with connection.transaction():
                await bare.upsert(connection, "hub", items)
                await connection.execute(bare.ADVANCE, [0], [BATCH])
            seconds[name] += time.perf_counter() - began
    await connection.close()
    return {name: ROUNDS * BATCH / each for name, each in seconds.items()}


def message(local_id: UUID, seq: int, offset: int) -> Message:
    """The event of a customer that is new (`seq` 1) or whose e-mail was changed, at an offset of the topic."""
    now, mark = datetime.now(UTC), local_id.hex[:12]
    hlc = int(now.timestamp() * 1_000_000)
    snapshot = {
        **EXAMPLE["snapshot"],
        "name": {"name": f"Company {mark}", "kind": "company"},
        "email": f"{mark}-{seq}@example.com",
        "phone": None,
    }
    snapshot = {g: v for g, v in snapshot.items() if v is not None and not g.startswith("legal:")}
    changed = ["email", "life"] if seq > 1 else list(snapshot)
    data = {
        "kind": "customer",
        "local_id": str(local_id),
        "canonical_id": None,
        "seq": seq,
        "hlc": hlc,
        "origin": "user",
        "actor": "anna",
        "changes": [{"group": g, "old": None, "new": snapshot.get(g), "ctx": seq - 1} for g in changed],
        "snapshot": snapshot,
        "sync": {g: {"seq": seq if g in changed else 1, "rev": seq - 1, "hlc": hlc} for g in snapshot},
    }
    event = Event(
        id=str(uuid7()),
        source="/crm",
        type="crm.customer.changed.v1",
        subject=str(local_id),
        time=now,
        data=data,
        tenant=FIRST_TENANT,
        sequence=str(seq),
    )
    return Message(TOPIC, str(local_id).encode(), orjson.dumps(data), tuple(to_headers(event.attributes())), 0, offset)


@contextmanager
def _timed(seconds: dict[str, float]) -> Iterator[None]:
    """Add up how long each step of ingest takes."""
    patches = [patch.object(consume, name, _clocked(getattr(consume, name), name, seconds)) for name in STEPS]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def _clocked(step: Any, name: str, seconds: dict[str, float]) -> Any:
    def note(began: float) -> None:
        seconds[name] += time.perf_counter() - began

    async def awaited(began: float, result: Any) -> Any:
        try:
            return await result
        finally:
            note(began)

    def run(*arguments: Any) -> Any:
        began = time.perf_counter()
        result = step(*arguments)
        if hasattr(result, "__await__"):
            return awaited(began, result)
        note(began)
        return result

    return run
