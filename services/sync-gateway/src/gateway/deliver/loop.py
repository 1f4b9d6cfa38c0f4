"""The delivery loop of one system: lease, release, call, save. No transaction is open during a call."""

import asyncio
import contextlib
import random
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import structlog
from chassis import clock, telemetry
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from chassis.health import beat
from chassis.worker import pause
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.deliver.items import Deferred, Item, Nothing, Waits, item_for
from gateway.deliver.lease import FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS, Leases
from gateway.deliver.settle import settle, settle_deferred, settle_nothing, settle_refused, settle_waiting
from gateway.deliver.spoke import BatchRefused, KindRefused, Spoke, TimedOut
from gateway.deliver.told import read_decisions
from gateway.kinds import kind_spec
from gateway.kinds.references import canonical_references
from gateway.store import refused_kinds
from gateway.store.links import Link, LinkRow
from gateway.store.load import IDS, read_records, save
from gateway.store.rows import columns_of
from gateway.store.sent import Sent
from gateway.store.state import State
from gateway.store.systems import NO_STATUS, SYSTEMS, note_health

log = structlog.get_logger()
MOST_AT_ONCE = 4
"""Calls to one system at a time, each of one tenant and kind."""

FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 5.0
"""One call in this time is a small load for an unavailable system, and it is synchronised soon after it returns."""

TARGETS = columns_of(LinkRow, Link).where(
    Link.canonical_id == IDS, Link.system == bindparam("system"), Link.retired_at.is_(None)
)
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
class _Sending:
    """What has become of the batches of one step so far."""

    refused: list[tuple[Batch, BatchRefused]] = field(default_factory=list)
    left: list[Batch] = field(default_factory=list)
    answered: bool = False
    hangs: bool = False


@dataclass
class _Calls:
    """The remaining calls for finding failing items."""

    left: int = MOST_CALLS

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


class Delivering:
    """Delivers to one system until everything is acknowledged."""

    def __init__(
        self, sessions: Sessions, system: str, systems: Mapping[str, Container[str]], sent: Sent | None = None
    ) -> None:
        self.sessions = sessions
        self.sent = sent or Sent()
        self.system = system
        self.systems = systems
        self.due = asyncio.Event()
        self.away = False
        self.answers = asyncio.Event()
        self.seconds: deque[float] = deque(maxlen=2000)
        self.refused_kinds: set[tuple[UUID, str]] = set()
        self._leases = Leases(system)

    async def run(self, spoke: Spoke, stop: asyncio.Event) -> None:
        """Deliver due records; while the system is unavailable, retry with growing pauses.

        `answers` ends such a pause: the task that polls the system sets it when it is available again.
        """
        failures, idle = 0, FIRST_POLL_SECONDS
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
            idle = FIRST_POLL_SECONDS if busy else min(2 * idle, LONGEST_POLL_SECONDS)
            if not busy:
                await pause(self.due, min(idle, self._leases.next_due_seconds))

    async def step(self, spoke: Spoke) -> int:
        """Lease one batch and deliver it; returns the number of processed records."""
        async with transaction(self.sessions) as session:
            ids = await self._leases.take(session)
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
        first, last = _batches(each for each in made if isinstance(each, Item))
        sending = _Sending()
        await self._send_all(spoke, first, sending)
        await self._send_all(spoke, last, sending)
        at_fault: list[tuple[Batch, BatchRefused]] = []
        for batch, because in sending.refused:
            if await self._takes_batches(spoke, batch, because, alone=not (sending.answered or at_fault)):
                at_fault.append((batch, because))
        calls = _Calls()
        for batch, because in at_fault:
            await self._isolate(spoke, batch, because, calls)
        if sending.left:
            await self._release([item.delivery.canonical_id for batch in sending.left for item in batch.items])

    async def _send_all(self, spoke: Spoke, batches: Sequence[Batch], sending: "_Sending") -> None:
        """Send batches, a few at once. Once the system hangs on one, those that are not sent yet are left.

        All calls have ended when an error is raised: nobody saves an answer behind the caller's back.
        """
        limit = asyncio.Semaphore(MOST_AT_ONCE)

        async def send(batch: Batch) -> None:
            async with limit:
                if sending.hangs:
                    sending.left.append(batch)
                    return
                try:
                    await self._send(spoke, batch)
                    sending.answered = True
                except BatchRefused as error:
                    sending.hangs = sending.hangs or isinstance(error, TimedOut)
                    sending.refused.append((batch, error))

        results = await asyncio.gather(*map(send, batches), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send(self, spoke: Spoke, batch: Batch) -> None:
        """Send one call, and settle its answer. Raises `BatchRefused` when one of its items fails."""
        beat()
        try:
            self.sent.remember(batch.tenant, self.system, [(item.body, item.resolved) for item in batch.items])
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
            await self._leases.give_back(session, ids)

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


def _batches(items: Iterable[Item]) -> tuple[list[Batch], list[Batch]]:
    """By tenant and kind. What was refused goes alone and last: when it hangs again, it takes no other with it."""
    found: dict[tuple[bool, UUID, str], list[Item]] = defaultdict(list)
    for item in items:
        delivery = item.delivery
        found[(bool(delivery.refused), delivery.tenant_id, delivery.kind)].append(item)
    first: list[Batch] = []
    last: list[Batch] = []
    for (refused, tenant, kind), several in found.items():
        (last if refused else first).append(Batch(tenant, kind, several))
    return first, last


async def _read_targets(session: AsyncSession, state: State, system: str) -> None:
    """The links of referred records in the receiving system; those records themselves stay unlocked."""
    wanted = {link.canonical_id for link in state.links.values() if link.canonical_id not in state.records}
    for record in state.records.values():
        wanted.update(canonical_references(record.decoded, kind_spec(record.kind)))
    if wanted:
        for found in await session.execute(TARGETS, {"ids": sorted(wanted), "system": system}):
            link = LinkRow.read(*found)
            state.linked[(link.canonical_id, link.system)] = link
