"""The delivery loop of one system: lease, release, call, save. No transaction is open during a call."""

import asyncio
import contextlib
import random
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import structlog
from chassis import telemetry
from chassis.auth import ServiceIdentity
from chassis.client import Unreachable, call
from chassis.db import Sessions, transaction
from chassis.worker import pause
from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.deliver.items import Item, Nothing, Waits, item_for
from gateway.deliver.settle import settle, settle_nothing, settle_refused, settle_waiting
from gateway.ingest.load import IDS, read_records, save
from gateway.ingest.state import State
from gateway.kinds import kind_spec
from gateway.links import Link
from gateway.references import canonical_references
from gateway.systems import note_health

log = structlog.get_logger()
BATCH = 200
POLL_SECONDS = 0.1
LEASE = "15 seconds"
"""A little more than a call may take: after a crash, what the dead worker held goes on then. Twice does no harm."""

LONGEST_PAUSE_SECONDS = 5.0
"""One call in that time is nothing to a system that is away, and it is in step again soon after it came back."""

# A lease that a crash of the server loses costs nothing: its commit need not wait for the disk.
LEASED = text(
    f"""
    update deliveries set leased_until = now() + interval '{LEASE}'
    where (canonical_id, system) in (
        select canonical_id, system from deliveries
        where set_config('synchronous_commit', 'off', true) is not null
          and system = :system and state in ('pending', 'waiting', 'rejected') and due_at <= now()
          and (leased_until is null or leased_until < now())
          and not exists (select from systems where name = :system and paused_at is not null)
        order by due_at limit {BATCH} for update skip locked)
    returning canonical_id
    """  # noqa: S608  (constants only)
)
TARGETS = select(Link).where(Link.canonical_id == IDS, Link.system == bindparam("system"))
RELEASE = text("update deliveries set leased_until = null where system = :system and canonical_id = any(:ids)")
BATCH_REFUSED = (400, 413, 422)
UNKNOWN_KIND = "unknown-kind"


class BatchRefused(Exception):
    """The system cannot read this batch; alone, the item at fault is found. `whole`: it would take none of them."""

    def __init__(self, problem: dict[str, Any], *, whole: bool = False) -> None:
        super().__init__(problem.get("title", "refused"))
        self.problem = problem
        self.whole = whole


class Spoke:
    """A system behind its port: one call delivers one batch of one kind and tenant."""

    def __init__(self, client: httpx.AsyncClient, identity: ServiceIdentity) -> None:
        self.client = client
        self.identity = identity

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """An outcome per item. Raise `Unreachable` when it is away, `BatchRefused` when it cannot read the batch.

        A system that does not hold the kind at all refuses it; its other kinds go on.
        """
        token = self.identity.token(tenant, ["replication:write"])
        response = await call(
            self.client,
            "POST",
            f"/replication/v1/{kind}",
            content=orjson.dumps({"items": items}),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        if response.status_code in BATCH_REFUSED:
            raise BatchRefused(response.json())
        if response.status_code == httpx.codes.NOT_FOUND and UNKNOWN_KIND in response.text:
            raise BatchRefused(response.json(), whole=True)
        if not response.is_success:
            reason = f"answered {response.status_code}: {response.text[:300]}"
            raise Unreachable(address=str(self.client.base_url), reason=reason)
        answer: list[dict[str, Any]] = response.json()["items"]
        return answer


class Delivering:
    """Brings one system to what the hub says, until everything is acknowledged."""

    def __init__(self, sessions: Sessions, system: str, systems: Mapping[str, Iterable[str]]) -> None:
        self.sessions = sessions
        self.system = system
        self.systems = systems
        self.due = asyncio.Event()
        self.away = False
        self.seconds: deque[float] = deque(maxlen=2000)

    async def run(self, spoke: Spoke, stop: asyncio.Event) -> None:
        """Deliver what is due; while the system is away, wait longer and longer, and keep everything."""
        failures = 0
        while not stop.is_set():
            self.due.clear()
            try:
                busy = await self.step(spoke)
                failures = 0
                await self._note(None)
            except Unreachable as error:
                failures += 1
                await self._note(str(error))
                seconds = min(0.2 * 2 ** min(failures, 8), LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1)  # noqa: S311  (jitter)
                await pause(stop, seconds)
                continue
            if not busy:
                await pause(self.due, POLL_SECONDS)

    async def step(self, spoke: Spoke) -> int:
        """Lease one batch and deliver it; answer how many records were looked at."""
        async with transaction(self.sessions) as session:
            ids = list((await session.scalars(LEASED, {"system": self.system})).all())
            made = await self._make(session, ids) if ids else []
        try:
            await self._deliver(spoke, made)
        except BaseException:
            with contextlib.suppress(Exception):
                await self._release(ids)
            raise
        return len(ids)

    async def _make(self, session: AsyncSession, ids: Sequence[UUID]) -> list[Item | Waits | Nothing]:
        state = State(systems=self.systems)
        await read_records(session, state, ids, lock=False)
        await _read_targets(session, state, self.system)
        mine = [state.deliveries[(canonical_id, self.system)] for canonical_id in ids]
        now = datetime.now(UTC)
        return [item_for(state, state.records[delivery.canonical_id], delivery, now) for delivery in mine]

    async def _deliver(self, spoke: Spoke, made: Sequence[Item | Waits | Nothing]) -> None:
        rest = [each for each in made if not isinstance(each, Item)]
        if rest:
            await self._save(rest, {})
        batches: dict[tuple[UUID, str], list[Item]] = defaultdict(list)
        for each in made:
            if isinstance(each, Item):
                batches[(each.delivery.tenant_id, each.delivery.kind)].append(each)
        for (tenant, kind), items in batches.items():
            await self._call(spoke, kind, tenant, items)

    async def _call(self, spoke: Spoke, kind: str, tenant: UUID, items: Sequence[Item]) -> None:
        try:
            outcomes = await spoke.deliver(kind, tenant, [item.body for item in items])
        except BatchRefused as refused:
            if refused.whole or len(items) == 1:
                await self._save(items, {}, refused.problem)
                return
            middle = len(items) // 2
            await self._call(spoke, kind, tenant, items[:middle])
            await self._call(spoke, kind, tenant, items[middle:])
            return
        await self._save(items, {outcome["canonical_id"]: outcome for outcome in outcomes})
        self._measure(items, outcomes)

    async def _save(
        self,
        made: Sequence[Item | Waits | Nothing],
        outcomes: Mapping[str, dict[str, Any]],
        problem: dict[str, Any] | None = None,
    ) -> None:
        now = datetime.now(UTC)
        async with transaction(self.sessions) as session:
            state = State(systems=self.systems)
            await read_records(session, state, [each.delivery.canonical_id for each in made])
            for each in made:
                if isinstance(each, Waits):
                    settle_waiting(state, each, now)
                elif isinstance(each, Nothing):
                    settle_nothing(state, each, now)
                elif problem is not None:
                    settle_refused(state, each, problem, now)
                else:
                    settle(state, each, outcomes[each.body["canonical_id"]], now)
            await save(session, state)

    async def _release(self, ids: Sequence[UUID]) -> None:
        async with transaction(self.sessions) as session:
            await session.execute(RELEASE, {"system": self.system, "ids": list(ids)})

    def _measure(self, items: Sequence[Item], outcomes: Sequence[Mapping[str, Any]]) -> None:
        now = datetime.now(UTC)
        for item, outcome in zip(items, outcomes, strict=True):
            if item.edited_at is not None and outcome["outcome"] == "applied":
                seconds = (now - item.edited_at).total_seconds()
                self.seconds.append(seconds)
                telemetry.COMMIT_TO_VISIBLE_SECONDS.labels(self.system).observe(seconds)

    async def _note(self, away_because: str | None) -> None:
        if self.away == (away_because is not None):
            return
        self.away = away_because is not None
        log.warning("system_away" if self.away else "system_back", system=self.system, because=away_because)
        async with transaction(self.sessions) as session:
            await note_health(session, self.system, away_because)


async def _read_targets(session: AsyncSession, state: State, system: str) -> None:
    """The links of referred records in the receiving system; those records themselves stay unlocked."""
    wanted = {link.canonical_id for link in state.links.values() if link.canonical_id not in state.records}
    for record in state.records.values():
        wanted.update(canonical_references(record.decoded, kind_spec(record.kind)))
    if wanted:
        for link in await session.scalars(TARGETS, {"ids": sorted(wanted), "system": system}):
            state.linked[(link.canonical_id, link.system)] = link
