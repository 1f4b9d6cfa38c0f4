"""The delivery loop of one system: lease, release, call, save. No transaction is open during a call."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from chassis import clock, telemetry
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from chassis.health import beat
from chassis.worker import pause
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.deliver import traced
from gateway.deliver.agenda import Agenda
from gateway.deliver.batches import Batch, Made, batches
from gateway.deliver.items import Deferred, Item, Nothing, Waits, item_for
from gateway.deliver.lease import Leases
from gateway.deliver.settle import settle, settle_deferred, settle_nothing, settle_refused, settle_waiting
from gateway.deliver.spoke import BatchRefused, KindRefused, Spoke, TimedOut
from gateway.deliver.unchanged import settle_unchanged
from gateway.store import refused_kinds
from gateway.store.beside import read_decisions, read_targets
from gateway.store.deliveries import DeliveryRow
from gateway.store.load import read_records, save
from gateway.store.sent import Sent
from gateway.store.state import State
from gateway.store.systems import NO_STATUS, SYSTEMS, note_health

log = structlog.get_logger()
MOST_AT_ONCE = 4
"""Calls to one system at a time, each of one tenant and kind."""

FIRST_PAUSE_SECONDS = 0.4
LONGEST_PAUSE_SECONDS = 5.0
"""One call in this time is a small load for an unavailable system, and it is synchronised soon after it returns."""

MOST_HANDED = 200
"""Records that wait for their delivery in memory. What is due beyond them is found in the database, in turn by tenant.
"""

MOST_CALLS = 24
"""The limit of calls in one step for finding failing items in refused batches; the rest is sent again."""


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
    """Delivers to one system until everything is acknowledged.

    `due` has it look at the database; what a merge of this process hands over it delivers without a look. `others` is
    called with a state that may have made something due in other systems.
    """

    def __init__(
        self,
        sessions: Sessions,
        system: str,
        systems: Mapping[str, Container[str]],
        sent: Sent | None = None,
        others: Callable[[State], None] = lambda _state: None,
    ) -> None:
        self.sessions = sessions
        self.sent = sent or Sent()
        self.system = system
        self.systems = systems
        self.others = others
        self.due = asyncio.Event()
        self.away = False
        self.answers = asyncio.Event()
        self.seconds: deque[float] = deque(maxlen=2000)
        self.refused_kinds: set[tuple[UUID, str]] = set()
        self._leases = Leases(system)
        self._agenda = Agenda()
        self._handed: deque[Made] = deque()
        self._news = asyncio.Event()
        self._ready = False

    async def run(self, spoke: Spoke, stop: asyncio.Event) -> None:
        """Deliver due records; while the system is unavailable, retry with growing pauses.

        `answers` ends such a pause: the task that polls the system sets it when it is available again.
        """
        failures = 0
        try:
            while not stop.is_set():
                beat()
                self.answers.clear()
                try:
                    await self._turn(spoke)
                    failures = 0
                    await self._note(None)
                except Unreachable as error:
                    failures += 1
                    await self._give_back()
                    await self._note(str(error))
                    longest = min(FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 8), LONGEST_PAUSE_SECONDS)
                    seconds = longest * random.uniform(0.5, 1)  # noqa: S311  (jitter)
                    self.due.set()
                    await pause(stop, seconds, self.answers)
                    continue
                await pause(self.due, max(self._agenda.seconds(), 0.0), self._news)
        finally:
            await self._give_back()

    async def _turn(self, spoke: Spoke) -> None:
        """Deliver what was handed over, then look at the database if something may be due there."""
        looks = self.due.is_set() or self._agenda.seconds() <= 0
        self._news.clear()
        if not self._ready:
            self._ready = await self._speaks_newest()
        if self._handed:
            handed = list(self._handed)
            self._handed.clear()
            made_of = {canonical_id: state for made in handed for canonical_id, state in made.made_of.items()}
            await self._send_made(spoke, Made([item for made in handed for item in made.items], made_of))
        if looks:
            self.due.clear()
            self._agenda.looked(await self.step(spoke), self._leases)

    def takes(self, delivery: DeliveryRow, beside: int) -> bool:
        """Whether a merge may lease this delivery and hand it over. What was refused, and what goes later, waits for
        its turn."""
        waiting = beside + sum(len(made.items) for made in self._handed)
        refused = delivery.refused or (delivery.tenant_id, delivery.kind) in self.refused_kinds
        return self._ready and waiting < MOST_HANDED and not (refused or delivery.later or delivery.comparing)

    def hand(self, state: State, ids: Sequence[UUID]) -> None:
        """Deliver these records next; `state` is as it is stored."""
        self._handed.append(self._made(state, ids, plain=False))
        self._news.set()

    def expect(self, due_at: datetime) -> None:
        """Look at the database at this time, at the latest."""
        if self._agenda.expect((due_at - clock.now()).total_seconds()):
            self._news.set()

    async def step(self, spoke: Spoke) -> int:
        """Lease one batch and deliver it; returns the number of processed records."""
        async with transaction(self.sessions) as session:
            ids = await self._leases.take(session)
            made = await self._read(session, ids) if ids else None
            if ids:
                self.refused_kinds = await refused_kinds.known(session, self.system)
        if made is not None:
            await self._send_made(spoke, made)
        return len(ids)

    async def _send_made(self, spoke: Spoke, made: Made) -> None:
        try:
            await self._deliver(spoke, made)
        except BaseException:
            # If the database fails as well, the lease expires.
            with contextlib.suppress(SQLAlchemyError, OSError):
                await self._release(list(made.made_of))
            raise

    async def _give_back(self) -> None:
        """Take nothing more, and end the leases of what was handed over. If the database fails, they expire."""
        self._ready = False
        ids = [canonical_id for made in self._handed for canonical_id in made.made_of]
        self._handed.clear()
        if ids:
            with contextlib.suppress(SQLAlchemyError, OSError):
                await self._release(ids)

    async def _read(self, session: AsyncSession, ids: Sequence[UUID]) -> Made:
        state = State(systems=self.systems)
        await read_records(session, state, ids, lock=False)
        await read_decisions(session, state, ids)
        await read_targets(session, state, self.system)
        # A polled system without a status may have the first version of the port, and refuse newer fields.
        plain = await session.scalar(select(SYSTEMS.c.status).where(SYSTEMS.c.name == self.system)) == NO_STATUS
        return self._made(state, ids, plain=plain)

    def _made(self, state: State, ids: Sequence[UUID], *, plain: bool) -> Made:
        mine = [state.deliveries[(canonical_id, self.system)] for canonical_id in ids]
        now = clock.now()
        items = [item_for(state, state.records[each.canonical_id], each, now, plain=plain) for each in mine]
        return Made(items, dict.fromkeys(ids, state))

    async def _speaks_newest(self) -> bool:
        """Whether the system is known to have the present version of the port."""
        async with transaction(self.sessions) as session:
            status = await session.scalar(select(SYSTEMS.c.status).where(SYSTEMS.c.name == self.system))
        return status not in (None, NO_STATUS)

    async def _deliver(self, spoke: Spoke, made: Made) -> None:
        rest = [each for each in made.items if not isinstance(each, Item)]
        if rest:
            await self._save(rest, {})
        first, last = batches(made.made_of, (each for each in made.items if isinstance(each, Item)))
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
            with traced.calls(self.system, batch) as bodies:
                outcomes = await spoke.deliver(batch.kind, batch.tenant, bodies)
        except KindRefused as error:
            await self._refuse_kind(batch, str(error))
            return
        await self._settle(batch, {outcome["canonical_id"]: outcome for outcome in outcomes})
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

    async def _settle(self, batch: Batch, outcomes: Mapping[str, dict[str, Any]]) -> None:
        settled, state = await settle_unchanged(self.sessions, batch.made_of, batch.items, outcomes, clock.now())
        if settled:
            self.others(state)
        if rest := [item for item in batch.items if item.delivery.canonical_id not in settled]:
            await self._save(rest, outcomes)

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
        self.others(state)

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
