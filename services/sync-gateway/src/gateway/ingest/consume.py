"""The consumer of ingest: one transaction per batch; a failing batch is halved until the failing event is found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from adjustments.garbage import uncollected
from chassis import clock, telemetry
from chassis.bus import Message, Positions
from chassis.db import Sessions, is_passing, storable, trace_of, transaction
from chassis.events import Unreadable, from_message
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.ingest import traced
from gateway.ingest.echo import without_echoes
from gateway.ingest.fold import fold
from gateway.ingest.handing import NOBODY, Delivers, Handed, Receivers, always, hand_over, lease
from gateway.ingest.incoming import Incoming
from gateway.ingest.load import load_named, read_named
from gateway.ingest.taken_up import announced, take_up
from gateway.kinds import UnknownKind, kind_spec
from gateway.kinds.holders import Holdings, refusal
from gateway.kinds.shapes import Unfit, check_frame, fitting
from gateway.merge.register import Event
from gateway.store import pauses
from gateway.store.beside import read_decisions, read_targets
from gateway.store.conditions import Conditions, conditions
from gateway.store.decisions import DecisionRow
from gateway.store.links import follow
from gateway.store.load import save
from gateway.store.positions import advance, lock_positions
from gateway.store.publish import CONFLICTS
from gateway.store.quarantine import Quarantined, hold
from gateway.store.registrations import Connected
from gateway.store.sent import Sent
from gateway.store.state import State

log = structlog.get_logger()


class _Reached:
    """The messages that are not merged yet, and the positions after them."""

    def __init__(self, messages: Sequence[Message], stored: Positions) -> None:
        self.messages = [m for m in messages if m.offset >= stored.get((m.topic, m.partition), 0)]
        self.positions: Positions = {(m.topic, m.partition): m.offset + 1 for m in self.messages}


class LogReplaced(OSError):
    """The batch was read from another log than the positions belong to: read the positions again."""


class Ingest:
    """Merges batches. What one makes due is handed over to the `receivers`; `merged` is called after a replay, which
    may have made deliveries due.

    `sent` is what deliveries have sent: its echoes are not merged. `logs` says which log of each topic is being read;
    whoever reads the positions sets it.
    """

    def __init__(
        self,
        sessions: Sessions,
        holdings: Holdings,
        merged: Callable[[], None] = lambda: None,
        sent: Sent | None = None,
        receivers: Receivers | None = None,
    ) -> None:
        self.sessions = sessions
        self.receivers: Receivers = {} if receivers is None else receivers
        self.connected = Connected(holdings)
        self.merged = merged
        self.sent = sent or Sent()
        self.logs: Mapping[str, UUID] = {}

    async def handle(self, messages: list[Message]) -> None:
        """Merge messages in order and store their positions. Raises only errors that a retry may resolve."""
        try:
            with uncollected():
                await self._merge(messages)
        except Exception as error:
            if is_passing(error):
                raise
            if len(messages) == 1:
                await self._hold(messages[0], error)
                return
            middle = len(messages) // 2
            await self.handle(messages[:middle])
            await self.handle(messages[middle:])

    async def replay(self) -> int:
        """Merge the messages whose replay was requested; returns the number of merged ones."""
        async with transaction(self.sessions) as session:
            ids = (await session.scalars(select(Quarantined.id).where(Quarantined.state == "replaying"))).all()
        done = 0
        for held in ids:
            done += await self._replay(held)
        return done

    async def _merge(self, messages: Sequence[Message]) -> None:
        now = clock.now()
        async with transaction(self.sessions) as session:
            reached, found = await self._unread(session, messages)
            holdings = await self.connected.at(session, found.changes)
            readable: list[Incoming] = []
            decided: list[DecisionRow] = []
            for message in reached.messages:
                try:
                    if message.topic == CONFLICTS:
                        decided.append(announced(message))
                        continue
                    incoming = read(message, holdings)
                except Unreadable as error:
                    await hold(session, _held(message, error, now))
                    continue
                if (incoming.tenant_id, incoming.event.system) in found.kept_back:
                    session.add(pauses.HeldBack.of(incoming.tenant_id, incoming.event.system, message))
                else:
                    readable.append(incoming)
            await take_up(session, decided)
            batch, spans = traced.merging(readable)
            state, handed = await self._fold(session, batch, now, self.receivers, found.delivers)
            await advance(session, reached.positions)
        traced.merged(spans)
        hand_over(state, handed, self.receivers, now)
        _count(state, len(readable))
        _report(readable)

    async def _replay_one(self, session: AsyncSession, message: Message, now: datetime) -> None:
        if message.topic == CONFLICTS:
            await take_up(session, [announced(message)])
        else:
            holdings = await self.connected.current(session)
            await self._fold(session, [read(message, holdings)], now)

    async def _fold(
        self,
        session: AsyncSession,
        batch: list[Incoming],
        now: datetime,
        receivers: Receivers = NOBODY,
        delivers: Delivers = always,
    ) -> tuple[State, Handed]:
        state = State(self.connected.holdings, self.connected.policies)
        await read_named(session, state, batch)
        rest, echoes = without_echoes(state, batch, self.sent)
        await load_named(session, state, rest)
        fold(state, rest, now)
        handed = lease(state, receivers, delivers, now)
        await save(session, state)
        await follow(session, echoes)
        if handed:
            await read_decisions(session, state, {canonical_id for ids in handed.values() for canonical_id in ids})
        for system in handed:
            await read_targets(session, state, system)
        return state, handed

    async def _hold(self, message: Message, error: Exception) -> None:
        async with transaction(self.sessions) as session:
            reached, _ = await self._unread(session, [message])
            for each in reached.messages:
                await hold(session, _held(each, error, clock.now()))
            await advance(session, reached.positions)

    async def _unread(self, session: AsyncSession, messages: Sequence[Message]) -> tuple[_Reached, Conditions]:
        stored = await lock_positions(session, sorted({(m.topic, m.partition) for m in messages}))
        # Read after the lock: the reset for a new log changes both in one transaction.
        found = await conditions(session, topics := {m.topic for m in messages})
        if replaced := sorted(topic for topic in topics if found.logs.get(topic) != self.logs.get(topic)):
            raise LogReplaced(f"the broker has new logs of: {', '.join(replaced)}")
        return _Reached(messages, stored), found

    async def _replay(self, held_id: UUID) -> bool:
        now = clock.now()
        try:
            async with transaction(self.sessions) as session:
                held = await session.get_one(Quarantined, held_id, with_for_update=True)
                await self._replay_one(session, held.message(), now)
                held.state, held.replayed_at = "replayed", now
        except Exception as error:
            if is_passing(error):
                raise
            log.error("replay_failed", id=str(held_id), error=_reason(error), exc_info=_trace(error))
            async with transaction(self.sessions) as session:
                held = await session.get_one(Quarantined, held_id)
                held.state, held.error = "held", storable(_reason(error))[:4000]
            return False
        self.merged()
        return True


def read(message: Message, holdings: Holdings) -> Incoming:
    """The event of a message, with normalised values. Raises `Unreadable` with the reason and the field.

    An event of a kind that its system may not write raises it too.
    """
    envelope = from_message(message.headers, message.value)
    try:
        check_frame(envelope.data)
        kind_spec(kind := envelope.data["kind"])
        time = envelope.time.isoformat()
        event = fitting(Event.of(envelope.data, event_id=envelope.id, system=envelope.system, time=time))
    except (Unfit, UnknownKind) as error:
        raise Unreadable(f"the data is not a change of a record: {error}") from error
    if message.topic.partition(".")[0] != event.system:
        raise Unreadable(f"an event of {event.system} is in the topic {message.topic} of another system")
    if because := refusal(holdings, event.system, kind, UUID(envelope.tenant)):
        raise Unreadable(because)
    correlation_id = telemetry.readable_correlation_id(envelope.correlationid)
    return Incoming(UUID(envelope.tenant), event, correlation_id, envelope.traceparent)


def _held(message: Message, error: Exception, now: datetime) -> Quarantined:
    place = {"topic": message.topic, "offset": message.offset}
    log.error("message_quarantined", **place, error=_reason(error), exc_info=_trace(error))
    return Quarantined.of(message, _reason(error), now)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError | LookupError) else f"{type(error).__name__}: {error}"


def _trace(error: Exception) -> Exception | None:
    """The reason of an unreadable message needs no traceback."""
    return None if isinstance(error, Unreadable) else trace_of(error)


def _report(batch: Iterable[Incoming]) -> None:
    for incoming in batch:
        event, correlation_id = incoming.event, incoming.correlation_id
        place = {"system": event.system, "kind": event.kind, "local_id": event.local_id, "seq": event.seq}
        log.debug("event_merged", **place, correlation_id=correlation_id)


def _count(state: State, events: int) -> None:
    telemetry.EVENTS_MERGED.labels("duplicate").inc(state.duplicates)
    telemetry.EVENTS_MERGED.labels("repaired_gap").inc(state.repaired)
    telemetry.EVENTS_MERGED.labels("merged").inc(events - state.duplicates - state.repaired)
    telemetry.CLOCKS_CLAMPED.inc(state.clamped)
