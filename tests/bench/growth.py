"""What an event, a page and a search cost as the tables grow, from 1,000 records in powers of ten.

The first 1,000 records are entered through the product, the others are copies of them, made by set-based statements.
Merging: batches of edits of records from all over the tables. Pages and searches: the CRM's own HTTP application in
this process, its customers in one tenant.
"""

import base64
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from uuid import UUID, uuid4

import asyncpg
import httpx
import orjson
from chassis.db import create_engine, session_factory
from chassis.testing import caller
from crm.wiring import SERVICE as CRM
from gateway.ingest import consume
from stack.keys import SCOPES

from . import plot, results, show
from .grown import Grown
from .ingest import HOLDS, message

PICTURE = "growth.png"
FIRST = 1000
BATCH = 500
BATCHES = 5
SAMPLE = 2000
LOOKS = 30
FILLERS = 2
"""Connections that copy rows at once."""
FLAT = 1.2
"""The goal: no size costs more than so many times what the first one does."""

HUB_CHANGES = {
    "records": {"canonical_id": "c.id", "registers": "replace(t.registers::text, c.mark, c.word)::jsonb"},
    "links": {
        "id": "gen_random_uuid()",
        "canonical_id": "c.id",
        "local_id": "case t.system when 'crm' then c.local_id else gen_random_uuid() end::text",
    },
    "match_keys": {"canonical_id": "c.id", "key": "replace(t.key, c.mark, c.word)"},
    "deliveries": {"canonical_id": "c.id"},
}
HUB_MARKS = """
    select canonical_id as template, left(replace(local_id, '-', ''), 12) as mark from links where system = 'crm'
"""
SETTLED = """
    insert into links (tenant_id, kind, system, local_id, canonical_id, seen_seq, tier, reason, linked_at)
    select tenant_id, kind, 'erp', gen_random_uuid(), canonical_id, 1, tier, reason, linked_at from links;
    update deliveries set state = 'idle', acked =
        (select jsonb_object_agg(name, register -> 'rev') from records r, jsonb_each(registers) as each(name, register)
         where r.canonical_id = deliveries.canonical_id)
"""
"""Both systems have everything: what ingest alone leaves is owed to both."""

SOME = "select local_id, seen_seq from links where system = 'crm' order by hashtext(local_id) limit $1"
CRM_CHANGES = {
    "customers": {
        "id": "c.id",
        "name": "replace(t.name, c.mark, c.word)",
        "search": "replace(t.search, c.mark, c.word)",
        "email": "replace(t.email, c.mark, c.word)",
        "email_key": "replace(t.email_key, c.mark, c.word)",
        "created_at": "c.at",
        "updated_at": "c.at",
    }
}
CRM_MARKS = "select id as template, split_part(name, ' ', 2) as mark from customers"
ONE_OF_THEM = "select id, name from customers order by name, id offset (select count(*) / 2 from customers) limit 1"


@dataclass
class Costs:
    """Milliseconds of each operation, by the number of records."""

    used: Callable[[], float]
    found: dict[str, dict[int, list[float]]] = field(default_factory=dict)

    def add(self, operation: str, size: int, milliseconds: float) -> None:
        self.found.setdefault(operation, {}).setdefault(size, []).append(milliseconds)

    def processor(self) -> float:
        """The seconds that this process and the server have used: other load changes them least."""
        return time.process_time() + self.used()

    def medians(self) -> dict[str, dict[int, float]]:
        return {name: {size: median(values) for size, values in sizes.items()} for name, sizes in self.found.items()}


Admin = Callable[[str], Awaitable[asyncpg.Connection]]


async def run(hub: str, crm: str, admin: Admin, used: Callable[[], float], largest: int, into: Path) -> None:
    """Measure on migrated, empty databases.

    `admin` opens a superuser's connection to one of them by its name; `used` is the server's processor time.
    """
    costs = Costs(used)
    for name, measured, address in (("gateway", _merging, hub), ("crm", _reading, crm)):
        connections = [await admin(name) for _ in range(FILLERS)]
        await measured(address, connections, largest, costs)
        for each in connections:
            await each.close()
    medians, sizes = costs.medians(), list(_sizes(largest))
    rows = []
    for operation, found in medians.items():
        most = max(found.values()) / found[FIRST]
        rows.append((operation, *(f"{found[size]:.2f}" for size in sizes), f"{most:.2f}"))
    columns = ("median, milliseconds", *(f"{size:,}" for size in sizes), "most / first")
    show.table("The same with more records", columns, rows, f"goal: at most {FLAT} times the first", raw=costs.found)
    ratios = {name: [found[size] / found[FIRST] for size in sizes] for name, found in medians.items()}
    plot.write(into / PICTURE, "Times the cost at 1,000 records", sizes, ratios, FLAT)
    results.picture(PICTURE, "Cost by the number of records, as a ratio to that at 1,000")


def _sizes(largest: int) -> Iterator[int]:
    size = FIRST
    while size <= largest:
        yield size
        size *= 10


async def _merging(address: str, admins: Sequence[asyncpg.Connection], largest: int, costs: Costs) -> None:
    engine = create_engine(address, "gateway", "worker")
    ingest = consume.Ingest(session_factory(engine), HOLDS)
    await _handle(ingest, [(uuid4(), 1) for _ in range(FIRST)], 0)
    await admins[0].execute(SETTLED)
    grown = Grown(admins, HUB_CHANGES, "canonical_id")
    await grown.keep_templates(HUB_MARKS)
    offset = have = FIRST
    for size in _sizes(largest):
        await _grow(grown, "hub", size - have)
        have = size
        found = await admins[0].fetch(SOME, SAMPLE)
        seqs = {UUID(each["local_id"]): each["seen_seq"] for each in found}
        order = list(seqs)
        for number in range(BATCHES + 1):
            batch = [order[(number * BATCH + each) % len(order)] for each in range(min(BATCH, len(order)))]
            seqs |= {each: seqs[each] + 1 for each in batch}
            before = costs.processor()
            seconds = await _handle(ingest, [(each, seqs[each]) for each in batch], offset)
            busy = costs.processor() - before
            offset += len(batch)
            if number:  # The first batch brings the tables' pages into memory.
                costs.add("merge an edit", size, 1000 * seconds / len(batch))
                costs.add("merge an edit, processor time", size, 1000 * busy / len(batch))
        seconds = await _handle(ingest, [(uuid4(), 1) for _ in range(BATCH)], offset)
        offset, have = offset + BATCH, have + BATCH
        costs.add("merge a new record", size, 1000 * seconds / BATCH)
    await engine.dispose()


async def _handle(ingest: consume.Ingest, edits: Sequence[tuple[UUID, int]], offset: int) -> float:
    messages = [message(local_id, seq, offset + number) for number, (local_id, seq) in enumerate(edits)]
    began = time.perf_counter()
    await ingest.handle(messages)
    return time.perf_counter() - began


async def _grow(grown: Grown, name: str, rows: int) -> None:
    if rows > 0:
        began = time.perf_counter()
        await grown.add(rows)
        show.console.print(f"{rows:,} records added to the {name} in {time.perf_counter() - began:.0f} s")


async def _reading(address: str, admins: Sequence[asyncpg.Connection], largest: int, costs: Costs) -> None:
    engine = create_engine(address, CRM.name, "app")
    async with caller(CRM, session_factory(engine), " ".join(SCOPES), uuid4()) as client:
        client.timeout = httpx.Timeout(300)
        await _enter(client)
        grown = Grown(admins, CRM_CHANGES, "id")
        await grown.keep_templates(CRM_MARKS)
        have = FIRST
        for size in _sizes(largest):
            await _grow(grown, "CRM", size - have)
            have = size
            addresses = _addresses(await admins[0].fetchrow(ONE_OF_THEM))
            for number in range(LOOKS + 1):
                for operation, path in addresses.items():
                    began = time.perf_counter()
                    (await client.get(path)).raise_for_status()
                    if number:
                        costs.add(operation, size, 1000 * (time.perf_counter() - began))
    await engine.dispose()


async def _enter(client: httpx.AsyncClient) -> None:
    """Customers with names of three words: one that all have, one of its own, and one that only its copies share."""
    for start in range(0, FIRST, 200):
        words = [(_word(), _word()) for _ in range(min(200, FIRST - start))]
        items = [{"body": {"name": f"Company {own} {shared}", "email": f"{own}@example.com"}} for own, shared in words]
        answer = await client.post(
            "/v1/customers:batch", json={"items": items}, headers={"Idempotency-Key": f"{start}"}
        )
        refused = [each for each in answer.raise_for_status().json()["items"] if each["outcome"] != "created"]
        if refused:
            raise RuntimeError(f"{len(refused)} customers were refused: {refused[0]}")


def _word() -> str:
    """Twelve letters."""
    return uuid4().hex[-12:].translate(str.maketrans("0123456789", "ghijklmnop"))


def _addresses(middle: asyncpg.Record) -> Mapping[str, str]:
    """What is read. `middle` is the customer in the middle of the list by name."""
    _, own, shared = middle["name"].split()
    cursor = base64.urlsafe_b64encode(orjson.dumps(["name", [middle["name"], str(middle["id"])]])).decode().rstrip("=")
    return {
        "GET one": f"/v1/customers/{middle['id']}",
        "list of 50, first page": "/v1/customers?sort=name",
        "list of 50, from the middle": f"/v1/customers?sort=name&cursor={cursor}",
        "list of 50, last changed": "/v1/customers?sort=-updated_at",
        "q= one matches": f"/v1/customers?q={own}",
        "q= 1 of 1,000 matches": f"/v1/customers?q={shared}",
        "q= all match": "/v1/customers?q=company",
    }
