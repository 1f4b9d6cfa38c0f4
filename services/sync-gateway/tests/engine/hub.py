"""A hub with a scripted broker and a scripted spoke: messages in, batches out."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from chassis.bus import Headers, Message
from chassis.db import Sessions, transaction, uuid7
from chassis.events import Event, to_headers
from chassis.testing import TENANT
from gateway.deliver.loop import Delivering
from gateway.deliver.spoke import Spoke
from gateway.ingest.consume import Ingest
from gateway.kinds.holders import declared
from gateway.store import systems
from sqlalchemy import select, update

SYSTEMS = {name: declared(name) for name in ("crm", "erp")}
Values = Mapping[str, Any]
WHOLE: dict[str, Values] = {
    "customer": {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"},
    "contact": {"name": {"family_name": "Anders"}, "life": "live"},
    "product": {"name": "Chai", "life": "live"},
}
"""What a snapshot of this kind never lacks."""


class Hub:
    """What a test does with the hub. Offsets are given per topic, as a broker would."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.ingest = Ingest(sessions, SYSTEMS)
        self.delivering = {name: Delivering(sessions, name, SYSTEMS) for name in SYSTEMS}
        self._offsets: dict[str, itertools.count[int]] = {}

    def message(self, topic: str, value: bytes, headers: Headers = ()) -> Message:
        offset = next(self._offsets.setdefault(topic, itertools.count()))
        return Message(topic, b"key", value, headers, 0, offset)

    def event(
        self,
        system: str,
        local_id: str,
        seq: int,
        changes: Values,
        *,
        kind: str = "customer",
        snapshot: Values | None = None,
        sync: Mapping[str, Mapping[str, int]] | None = None,
        ctx: int = 0,
        origin: str = "user",
        canonical_id: UUID | None = None,
        tenant: UUID = TENANT,
        correlation: str | None = None,
        at: datetime | None = None,
    ) -> Message:
        """A message as a spoke would send it, for an edit of these groups."""
        hlc = time.time_ns() // 1000
        values = {**WHOLE.get(kind, {}), **(snapshot if snapshot is not None else changes)}
        marks = sync if sync is not None else {group: {"seq": seq, "rev": ctx, "hlc": hlc} for group in changes}
        data = {
            "kind": kind,
            "local_id": local_id,
            "canonical_id": str(canonical_id) if canonical_id else None,
            "seq": seq,
            "hlc": hlc,
            "origin": origin,
            "actor": f"{system}-user",
            "changes": [{"group": g, "old": None, "new": v, "ctx": ctx} for g, v in changes.items()],
            "snapshot": values,
            "sync": marks,
        }
        event = Event(
            id=str(uuid7()),
            source=f"/{system}",
            type=f"{system}.{kind}.changed.v1",
            subject=local_id,
            time=at or datetime.now(UTC),
            data=data,
            tenant=str(tenant),
            correlationid=correlation,
        )
        return self.message(f"{system}.{kind}.v1", orjson.dumps(data), tuple(to_headers(event.attributes())))

    async def with_status(self) -> None:
        """The systems have a status: they take the present form of the port, not only the first."""
        async with transaction(self.sessions) as session:
            await systems.register(session, sorted(SYSTEMS))
            await session.execute(update(systems.SYSTEMS).values(status={"incarnation": "7/1/5", "position": 1}))

    async def all(self, table: Any) -> list[Any]:
        """Every row of a table."""
        async with self.sessions() as session:
            return list((await session.scalars(select(table))).all())

    async def one(self, table: Any) -> Any:
        """The only row of a table."""
        rows = await self.all(table)
        assert len(rows) == 1, f"{len(rows)} rows in {table.__name__}"
        return rows[0]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


Answer = Callable[[dict[str, Any]], dict[str, Any]]


def applied(item: dict[str, Any]) -> dict[str, Any]:
    """A spoke that takes everything and gives new records the id `new-<canonical id>`."""
    return {
        "canonical_id": item["canonical_id"],
        "outcome": "applied",
        "local_id": item["local_id"] or f"new-{item['canonical_id']}",
        "seq": 1,
        "groups": {group["group"]: "applied" for group in item["groups"]},
        "problem": None,
    }


class ScriptedSpoke(Spoke):
    """A spoke that answers as a test says, and remembers what it was sent."""

    def __init__(self, answer: Answer = applied) -> None:
        self.answer = answer
        self.batches: list[list[dict[str, Any]]] = []

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.batches.append(items)
        return [self.answer(item) for item in items]

    @property
    def items(self) -> list[dict[str, Any]]:
        return [item for batch in self.batches for item in batch]

    def values(self) -> list[dict[str, Any]]:
        """What each item would write: {group: value}."""
        return [{group["group"]: group["value"] for group in item["groups"]} for item in self.items]
