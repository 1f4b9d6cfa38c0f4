"""The delivery loop of one system: lease, release, call, save. No transaction is open during a call."""

import asyncio
import contextlib
import random
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from chassis import clock, telemetry
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from chassis.health import beat
from chassis.worker import pause
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.deliver.items import Deferred, Item, Nothing, Waits, item_for
from gateway.deliver.settle import settle, settle_deferred, settle_nothing, settle_refused, settle_waiting
from gateway.deliver.spoke import BatchRefused, KindRefused, Spoke, TimedOut
from gateway.deliver.told import read_decisions
from gateway.kinds import kind_spec
from gateway.kinds.references import canonical_references
from gateway.store import refused_kinds
from gateway.store.links import Link
from gateway.store.load import IDS, read_records, save
from gateway.store.state import State
from gateway.store.systems import NO_STATUS, SYSTEMS, note_health

log = structlog.get_logger()
BATCH = 200
POLL_SECONDS = 0.1
LEASE = "15 seconds"
"""A little more than the timeout of a call: after a crash, the lease expires and the delivery is sent again, which is
harmless."""

FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 5.0
"""One call in this time is a small load for an unavailable system, and it is synchronised soon after it returns."""

# A lease lost in a crash of the server has no effect, so its commit need not wait for the disk.
LEASED = text(
    f"""
    update deliveries set leased_until = now() + interval '{LEASE}'
    where (canonical_id, system) in (
        select canonical_id, system from deliveries
        where set_config('synchronous_commit', 'off', true) is not null
          and system = :system and state in ('pending', 'waiting', 'rejected') and due_at <= now()
          and (leased_until is null or leased_until < now())
          and not exists (select from systems where name = :system and paused_at is not null)
          and not exists (select from pauses as pause where pause.resumed_at is null
              and (pause.tenant_id, pause.system) = (deliveries.tenant_id, deliveries.system))
          and not exists (select from refused_kinds as refused
              where (refused.tenant_id, refused.system, refused.kind)
                  = (deliveries.tenant_id, deliveries.system, deliveries.kind) and refused.again_at > now())
        order by due_at limit {BATCH} for update skip locked)
    returning canonical_id
    """  # noqa: S608  (constants only)
)
TARGETS = select(Link).where(Link.canonical_id == IDS, Link.system == bindparam("system"), Link.retired_at.is_(None))
RELEASE = text("update deliveries set leased_until = null where system = :system and canonical_id = any(:ids)")
MOST_CALLS = 24
"""The limit of calls in one step for finding failing items in refused batches; the rest is sent again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one kind and tenant, sent in one call."""

    tenant: UUID
    kind: str
    items: Sequence[Item]

    def halves(self) -> tuple["Batch", "Batch"]:
        middle = len(self.items) // 2
        return replace(self, items=self.items[:middle]), replace(self, items=self.items[middle:])


@dataclass
class _Calls:
    """The remaining calls for finding failing items."""

    left: int = MOST_CALLS

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


class Delivering:
    """Delivers to one system until everything is acknowledged."""

    def __init__(self, sessions: Sessions, system: str, systems: Mapping[str, Container[str]]) -> None:
        self.sessions = sessions
        self.system = system
        self.systems = systems
        self.due = asyncio.Event()
        self.away = False
        self.answers = asyncio.Event()
        self.seconds: deque[float] = deque(maxlen=2000)
        self.refused_kinds: set[tuple[UUID, str]] = set()

    async def run(self, spoke: Spoke, stop: asyncio.Event) -> None:
        """Deliver due records; while the system is unavailable, retry with growing pauses.

        `answers` ends such a pause: the task that polls the system sets it when it is available again.
        """
        failures = 0
        while not stop.is_set():
            beat()
            self.due.clear()
            self.answers.clear()
            try:
                busy = await self.step(spoke)
                failures = 0
                await self._note(None)
            except Unreachable as error:
                failures += 1
                await self._note(str(error))
                longest = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 8), LONGEST_PAUSE_SECONDS)
                seconds = longest * random.uniform(0.5, 1)  # noqa: S311  (jitter)
                await pause(stop, seconds, self.answers)
                continue
            if not busy:
                await pause(self.due, POLL_SECONDS)

    async def step(self, spoke: Spoke) -> int:
        """Lease one batch and deliver it; returns the number of processed records."""
        async with transaction(self.sessions) as session:
            ids = list((await session.scalars(LEASED, {"system": self.system})).all())
            made = await self._make(session, ids) if ids else []
            if ids:
                self.refused_kinds = await refused_kinds.known(session, self.system)
        try:
            await self._deliver(spoke, made)
        except BaseException:
            # If the database fails as well, the lease expires.
            with contextlib.suppress(SQLAlchemyError, OSError):
                await self._release(ids)
            raise
        return len(ids)

    async def _make(self, session: AsyncSession, ids: Sequence[UUID]) -> list[Item | Waits | Nothing]:
        state = State(systems=self.systems)
        await read_records(session, state, ids, lock=False)
        await read_decisions(session, state, ids)
        await _read_targets(session, state, self.system)
        mine = [state.deliveries[(canonical_id, self.system)] for canonical_id in ids]
        now = clock.now()
        # A polled system without a status may have the first version of the port, and refuse newer fields.
        plain = await session.scalar(select(SYSTEMS.c.status).where(SYSTEMS.c.name == self.system)) == NO_STATUS
        return [item_for(state, state.records[each.canonical_id], each, now, plain=plain) for each in mine]

    async def _deliver(self, spoke: Spoke, made: Sequence[Item | Waits | Nothing]) -> None:
        rest = [each for each in made if not isinstance(each, Item)]
        if rest:
            await self._save(rest, {})
        refused: list[tuple[Batch, BatchRefused]] = []
        at_fault: list[tuple[Batch, BatchRefused]] = []
        answered = False
        for batch in _batches(each for each in made if isinstance(each, Item)):
            try:
                await self._send(spoke, batch)
                answered = True
            except TimedOut as error:
                # Checked at once: while the system hangs, every further batch would take as long.
                if await self._takes_batches(spoke, batch, error, alone=not answered):
                    at_fault.append((batch, error))
            except BatchRefused as error:
                refused.append((batch, error))
        answered = answered or bool(at_fault)
        for batch, because in refused:
            if await self._takes_batches(spoke, batch, because, alone=not answered):
                at_fault.append((batch, because))
        calls = _Calls()
        for batch, because in at_fault:
            await self._isolate(spoke, batch, because, calls)

    async def _send(self, spoke: Spoke, batch: Batch) -> None:
        """Send one call, and settle its answer. Raises `BatchRefused` when one of its items fails."""
        beat()
        try:
            outcomes = await spoke.deliver(batch.kind, batch.tenant, [item.body for item in batch.items])
        except KindRefused as error:
            await self._refuse_kind(batch, str(error))
            return
        await self._save(batch.items, {outcome["canonical_id"]: outcome for outcome in outcomes})
        self._measure(batch.items, outcomes)
        self._report(batch.items, outcomes)
        if (batch.tenant, batch.kind) in self.refused_kinds:
            async with transaction(self.sessions) as session:
                await refused_kinds.forget(session, batch.tenant, self.system, batch.kind)

    async def _takes_batches(self, spoke: Spoke, batch: Batch, refused: BatchRefused, *, alone: bool) -> bool:
        """Whether the items fail and not the system: then it accepts a batch without items.

        A system that fails on that too is unavailable, or fails on this one kind while others succeed.
        """
        if not refused.failed:
            return True
        try:
            await spoke.deliver(batch.kind, batch.tenant, [])
        except BatchRefused as error:
            if alone:
                raise Unreachable(address=self.system, reason=str(error)) from error
            await self._refuse_kind(batch, str(error))
            return False
        except KindRefused as error:
            await self._refuse_kind(batch, str(error))
            return False
        return True

    async def _isolate(self, spoke: Spoke, batch: Batch, refused: BatchRefused, calls: _Calls) -> None:
        """Send the halves of a batch recursively until the failing items are found; these wait alone."""
        if len(batch.items) == 1:
            (item,) = batch.items
            log.warning("item_refused", system=self.system, item=item.body["canonical_id"], because=str(refused))
            await self._save(batch.items, {}, refused.problem)
            return
        for half in batch.halves():
            if not calls.take():
                await self._save([Deferred(item) for item in half.items], {})
                continue
            try:
                await self._send(spoke, half)
            except TimedOut as error:
                if await self._takes_batches(spoke, half, error, alone=True):
                    await self._isolate(spoke, half, error, calls)
            except BatchRefused as error:
                await self._isolate(spoke, half, error, calls)

    async def _refuse_kind(self, batch: Batch, reason: str) -> None:
        log.warning("kind_refused", system=self.system, kind=batch.kind, tenant=str(batch.tenant), because=reason)
        async with transaction(self.sessions) as session:
            now = clock.now()
            await refused_kinds.note(session, batch.tenant, self.system, batch.kind, reason, now)
        token = refused_kinds.kind_token(batch.kind, self.system)
        await self._save([Waits(item.delivery, token) for item in batch.items], {})

    async def _save(
        self,
        made: Sequence[Item | Waits | Nothing | Deferred],
        outcomes: Mapping[str, dict[str, Any]],
        problem: dict[str, Any] | None = None,
    ) -> None:
        now = clock.now()
        async with transaction(self.sessions) as session:
            state = State(systems=self.systems)
            ids = [each.delivery.canonical_id for each in made]
            await read_records(session, state, ids)
            await read_decisions(session, state, ids)
            for each in made:
                if isinstance(each, Waits):
                    settle_waiting(state, each, now)
                elif isinstance(each, Nothing):
                    settle_nothing(state, each, now)
                elif isinstance(each, Deferred):
                    settle_deferred(state, each.item, now)
                elif problem is not None:
                    settle_refused(state, each, problem, now)
                else:
                    settle(state, each, outcomes[each.body["canonical_id"]], now)
            await save(session, state)

    async def _release(self, ids: Sequence[UUID]) -> None:
        async with transaction(self.sessions) as session:
            await session.execute(RELEASE, {"system": self.system, "ids": list(ids)})

    def _measure(self, items: Sequence[Item], outcomes: Sequence[Mapping[str, Any]]) -> None:
        now = clock.now()
        for item, outcome in zip(items, outcomes, strict=True):
            if item.edited_at is not None and outcome["outcome"] == "applied":
                # The author's clock may be ahead of ours.
                seconds = max(0.0, (now - item.edited_at).total_seconds())
                self.seconds.append(seconds)
                telemetry.COMMIT_TO_VISIBLE_SECONDS.labels(self.system).observe(seconds)

    def _report(self, items: Sequence[Item], outcomes: Sequence[Mapping[str, Any]]) -> None:
        for item, outcome in zip(items, outcomes, strict=True):
            record = {"kind": item.delivery.kind, "canonical_id": item.body["canonical_id"]}
            caused = item.delivery.correlation_id
            log.debug("item_delivered", system=self.system, **record, outcome=outcome["outcome"], correlation_id=caused)

    async def _note(self, away_because: str | None) -> None:
        if self.away == (away_because is not None):
            return
        self.away = away_because is not None
        log.warning("system_away" if self.away else "system_back", system=self.system, because=away_because)
        async with transaction(self.sessions) as session:
            await note_health(session, self.system, away_because)


def _batches(items: Iterable[Item]) -> list[Batch]:
    """By tenant and kind. Refused records are sent alone and last, so that one that hangs again delays no other."""
    found: dict[tuple[bool, UUID, str], list[Item]] = defaultdict(list)
    for item in items:
        delivery = item.delivery
        found[(bool(delivery.refused), delivery.tenant_id, delivery.kind)].append(item)
    first: list[Batch] = []
    last: list[Batch] = []
    for (refused, tenant, kind), several in found.items():
        (last if refused else first).append(Batch(tenant, kind, several))
    return first + last


async def _read_targets(session: AsyncSession, state: State, system: str) -> None:
    """The links of referred records in the receiving system; those records themselves stay unlocked."""
    wanted = {link.canonical_id for link in state.links.values() if link.canonical_id not in state.records}
    for record in state.records.values():
        wanted.update(canonical_references(record.decoded, kind_spec(record.kind)))
    if wanted:
        for link in await session.scalars(TARGETS, {"ids": sorted(wanted), "system": system}):
            state.linked[(link.canonical_id, link.system)] = link
