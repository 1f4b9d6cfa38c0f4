"""Deliveries from the hub: a batch in, an outcome per item out. Idempotent, also for repeated and out-of-order
calls."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any, cast

import structlog
import tracing
from fastapi import APIRouter, Depends
from opentelemetry.trace import SpanKind
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import telemetry
from chassis.auth import requires
from chassis.db import Session, is_passing, trace_of, uuid7, wait_at_most
from chassis.errors import Problem
from chassis.replication.creating import creating_alone
from chassis.replication.edit import Change, announce
from chassis.replication.floors import seen_in, settled, standing
from chassis.replication.isolating import Bounds, is_locked, refusal_of
from chassis.replication.kind import Json, Kind, Replicated, guard
from chassis.replication.refusals import Incomplete, RowGone, UnknownGroup, UnknownKind
from chassis.replication.status import Status, status
from chassis.replication.wire import Delivered, Deliveries, Delivery, ItemOutcome, Outcomes, Value

log = structlog.get_logger()
Problems = dict[str, Problem]
ACTOR = "gateway"
# Shorter than the second after which PostgreSQL checks for a deadlock, so that the user's transaction is never the one
# that is aborted.
WAIT_MILLISECONDS = 100
MOST_TRIES = 64
"""The limit of groups of one item that are tried separately to find the failing ones; an order may have a thousand
lines."""


def router(kinds: Sequence[Kind]) -> APIRouter:
    """The routes of the port."""
    api = APIRouter(prefix="/replication/v1", tags=["replication"])
    by_name = {kind.name: kind for kind in kinds}

    async def known(kind: str) -> Kind:
        if kind not in by_name:
            raise UnknownKind(kind=kind, kinds=sorted(by_name))
        return by_name[kind]

    @api.get("/status", dependencies=[requires("replication:write")])
    async def read_status(session: Session) -> Status:
        """The status of this system for the hub: its kinds, its database, and the position of its newest event."""
        return await status(session, kinds)

    @api.post("/{kind}", dependencies=[requires("replication:write")])
    async def deliver(kind: Annotated[Kind, Depends(known)], body: Deliveries, session: Session) -> Outcomes:
        """Apply a batch of deliveries; one outcome per item, and a failing item does not block others."""
        return Outcomes(items=await apply(session, kind, body.items))

    return api


async def apply(session: AsyncSession, kind: Kind, items: Sequence[Delivery]) -> list[Delivered]:
    """Apply items under the guards, in one flush; when that fails, in halves, to find the failing item.

    The failing groups of that item are `rejected` and the others applied. A record that a user's transaction has locked
    is `skipped` and sent again: waiting for it would delay all other items, and two transactions that wait for each
    other's rows would deadlock. Raises only errors of the connection or the server, which concern the whole batch.
    """
    began = time.time_ns()
    outcomes = await _apply_in_parts(session, kind, items, Bounds())
    for item, outcome in zip(items, outcomes, strict=True):
        with _caused(item):
            log.debug("item_delivered", kind=kind.name, canonical_id=str(item.canonical_id), outcome=outcome.outcome)
        told = {"kind": kind.name, "outcome": outcome.outcome}
        tracing.record(f"apply {kind.name}", SpanKind.CONSUMER, item.traceparent, began, told)
    return outcomes


async def _apply_in_parts(
    session: AsyncSession, kind: Kind, items: Sequence[Delivery], bounds: Bounds
) -> list[Delivered]:
    try:
        return await _attempt(session, kind, items)
    except Exception as error:
        locked = is_locked(error)
        if is_passing(error) and not locked:
            raise
        if locked and (len(items) == 1 or not bounds.may_wait()):
            return _skipped(items)
        if not bounds.may_attempt():
            return _skipped(items)
        if len(items) == 1:
            with _caused(items[0]):
                return [await _without_what_fails(session, kind, items[0], error, bounds)]
    half = len(items) // 2
    return [
        *await _apply_in_parts(session, kind, items[:half], bounds),
        *await _apply_in_parts(session, kind, items[half:], bounds),
    ]


async def _attempt(session: AsyncSession, kind: Kind, items: Sequence[Delivery]) -> list[Delivered]:
    """Apply all of the items or none. After a failure the session contains no changed rows of the attempt.

    A transaction that contains nothing else needs no savepoint.
    """
    alone = not session.in_transaction()
    try:
        if alone:
            return await _apply(session, kind, items)
        async with session.begin_nested():
            return await _apply(session, kind, items)
    except Exception:
        if alone:
            await session.rollback()
        session.expunge_all()
        raise


async def _without_what_fails(
    session: AsyncSession, kind: Kind, item: Delivery, error: Exception, bounds: Bounds
) -> Delivered:
    """Apply one item without its failing groups; reject those, or all when no single group can be found."""
    _report(kind, item, error)
    own = Bounds(attempts=MOST_TRIES)
    needed = [value for value in item.groups if value.group in kind.required]
    others = [value for value in item.groups if value.group not in kind.required]
    try:
        if (whole := await _failure(session, kind, item, [])) is not None:
            return _rejected(item, refusal_of(whole))
        problems = await _at_fault(session, kind, item, [], needed, own)
        standing = [value for value in needed if value.group not in problems]
        problems |= await _at_fault(session, kind, item, standing, others, own)
        good = [value for value in item.groups if value.group not in problems]
        (outcome,) = await _attempt(session, kind, [item.model_copy(update={"groups": good})])
    except Exception as failure:
        if is_locked(failure):
            return _skipped([item])[0]
        if is_passing(failure):
            raise
        return _rejected(item, refusal_of(failure))
    finally:
        bounds.attempts -= MOST_TRIES - own.attempts
    if not problems:
        return outcome
    others_now = outcome.groups if outcome.local_id else dict.fromkeys(outcome.groups, "skipped")
    groups = {**others_now, **dict.fromkeys(problems, "rejected")}
    told = {**outcome.problems, **{group: problem.document() for group, problem in problems.items()}}
    more = {"groups": groups, "problems": told, "problem": next(iter(told.values()))}
    return outcome.model_copy(update={"outcome": "rejected", **more})


def _report(kind: Kind, item: Delivery, error: Exception) -> None:
    log.warning(
        "delivery_failed",
        kind=kind.name,
        canonical_id=str(item.canonical_id),
        error=str(error.orig if isinstance(error, DBAPIError) else error),
        exc_info=trace_of(error),
    )


async def _at_fault(
    session: AsyncSession, kind: Kind, item: Delivery, beside: list[Value], values: list[Value], bounds: Bounds
) -> dict[str, Problem]:
    """The groups among `values` that cannot be applied beside others, with the problem of each."""
    if not values or (error := await _failure(session, kind, item, [*beside, *values])) is None:
        return {}
    found: dict[str, Problem] = {}
    if len(values) > 1 and bounds.may_attempt():
        half = len(values) // 2
        found = await _at_fault(session, kind, item, beside, values[:half], bounds)
        found |= await _at_fault(session, kind, item, beside, values[half:], bounds)
    # Values that fail only together, or for which no attempts are left, are refused together.
    return found or {value.group: refusal_of(error, value.group) for value in values}


async def _failure(session: AsyncSession, kind: Kind, item: Delivery, values: list[Value]) -> Exception | None:
    """The reason why these values of an item cannot be applied, or None; the attempt is rolled back."""
    try:
        async with session.begin_nested() as part:
            await _apply(session, kind, [item.model_copy(update={"groups": values})])
            await part.rollback()
    except Exception as error:
        if is_passing(error):
            raise
        return error
    finally:
        session.expunge_all()
    return None


async def _apply(session: AsyncSession, kind: Kind, items: Sequence[Delivery]) -> list[Delivered]:
    if any(item.local_id is None for item in items):
        await creating_alone(session, kind)
    await wait_at_most(session, WAIT_MILLISECONDS)
    local_ids = [item.local_id for item in items if item.local_id]
    rows = await kind.rows(session, local_ids, [item.canonical_id for item in items])
    by_local = {row.id: row for row in rows}
    by_canonical = {row.canonical_id: row for row in rows if row.canonical_id}
    creating = _Creating(session, kind)
    outcomes: list[Delivered] = []
    for place, item in enumerate(items):
        row = (by_local.get(item.local_id) if item.local_id else None) or by_canonical.get(item.canonical_id)
        with _caused(item):
            if row is None and item.local_id is not None:
                gone = RowGone(local_id=str(item.local_id)).document()
                outcome = Delivered(canonical_id=item.canonical_id, outcome="skipped", problem=gone)
            elif row is None:
                outcome, row = await creating.create(item, place)
                if row is not None:
                    by_canonical[item.canonical_id] = row
            else:
                if row.seq == 0:
                    await creating.announce(outcomes)
                outcome = await _update(session, kind, row, item)
        outcomes.append(outcome)
    await creating.announce(outcomes)
    await kind.applied(session, rows)
    await session.flush()
    return outcomes


def _caused(item: Delivery) -> AbstractContextManager[None]:
    """Log and write events under the correlation id and in the trace of the edit that caused the item; without one, in
    the call's trace."""
    return telemetry.relayed(item.traceparent, telemetry.readable_correlation_id(item.correlation_id))


class _Creating:
    """The rows that one batch creates: completed together, then announced, each at the place of its outcome."""

    def __init__(self, session: AsyncSession, kind: Kind) -> None:
        self.session = session
        self.kind = kind
        self._made: list[tuple[int, Delivery, Any, Mapping[str, Json], dict[str, ItemOutcome], Problems]] = []
        self._unlinked: bool | None = None

    async def create(self, item: Delivery, place: int) -> tuple[Delivered, Any]:
        """Make the row, unless a required group is refused or a twin of it may exist. Without a record nothing else is
        stored."""
        kind = self.kind
        if not item.groups:
            return _skipped([item])[0], None
        values = {value.group: value.value for value in item.groups}
        if absent := [group for group in kind.required if group not in values]:
            return _rejected(item, Incomplete(groups=absent)), None
        try:
            row = kind.create(values)
        except Problem as problem:
            return _rejected(item, problem), None
        row.id, row.canonical_id = uuid7(), item.canonical_id
        row.sync, row.peers, row.decided, row.archived_at = {}, {}, {}, None
        row.seq = row.hlc = row.version = row.merged_seq = 0
        before = kind.read(row)
        outcomes, problems = _write_all(kind, row, item)
        if any(outcomes.get(group) == "rejected" for group in kind.required):
            told = {g: "rejected" if o == "rejected" else "skipped" for g, o in outcomes.items()}
            return _outcome(item, cast(dict[str, ItemOutcome], told), problems), None
        # The twin is searched by the values that this system would store: those have the correct types.
        kept = {value.group: value.value for value in item.groups if outcomes[value.group] == "applied"}
        if self._unlinked is None:
            # No other transaction creates a record while this one holds its lock.
            self._unlinked = await kind.unlinked(self.session)
        if self._unlinked and await kind.twin(self.session, kept):
            return _skipped([item])[0], None
        self._made.append((place, item, row, before, outcomes, problems))
        return _outcome(item, outcomes, problems, row), row

    async def announce(self, outcomes: list[Delivered]) -> None:
        """Complete and announce the rows made so far, and set their outcomes."""
        made, self._made = self._made, []
        if made:
            await self.kind.complete(self.session, [row for _, _, row, *_ in made])
        for place, item, row, before, applied, problems in made:
            with _caused(item):
                outcomes[place] = _take_over(self.session, self.kind, row, before, item, applied, problems)
            self.session.add(row)


async def _update(session: AsyncSession, kind: Kind, row: Replicated, item: Delivery) -> Delivered:
    """Write the values that the guards accept."""
    before = kind.read(row)
    known = {value.group: standing(row.sync, value.group).get("rev", 0) for value in item.groups}
    ahead = {value.group: known[value.group] for value in item.groups if known[value.group] > value.rev}
    outcomes, problems = _write_all(kind, row, item)
    await kind.complete(session, [row])
    return _take_over(session, kind, row, before, item, outcomes, problems).model_copy(update={"ahead": ahead})


def _write_all(kind: Kind, row: Replicated, item: Delivery) -> tuple[dict[str, ItemOutcome], Problems]:
    problems: Problems = {}
    return {value.group: _write(kind, row, value, item, problems) for value in item.groups}, problems


def _take_over(
    session: AsyncSession,
    kind: Kind,
    row: Replicated,
    before: Mapping[str, Json],
    item: Delivery,
    outcomes: dict[str, ItemOutcome],
    problems: Mapping[str, Problem],
) -> Delivered:
    linked = row.canonical_id is None
    row.canonical_id = row.canonical_id or item.canonical_id
    row.hlc = max(row.hlc, item.hlc)
    row.merged_seq = max(row.merged_seq, item.seen_seq)
    _hear(row, item)
    if item.floors:
        row.sync = settled(row.sync, item.floors, outcomes, kind.read(row), item.seen_seq, item.moment, item.seen)
    _acknowledge(session, kind, row, before, item, outcomes, linked=linked)
    return _outcome(item, outcomes, problems, row)


def _hear(row: Replicated, item: Delivery) -> None:
    """Store the hub's report on the other systems, and on the record's conflicts and decisions."""
    row.peers = {name: peer.model_dump() for name, peer in item.peers.items()} or row.peers
    said = item.model_dump(mode="json", include={"conflicts", "decisions"})
    decided = {**row.decided, **{name: lines for name, lines in said.items() if lines is not None}}
    if decided != row.decided:
        row.decided = decided


def _outcome(
    item: Delivery, outcomes: dict[str, ItemOutcome], problems: Mapping[str, Problem], row: Replicated | None = None
) -> Delivered:
    told = {group: problem.document() for group, problem in problems.items()}
    order: tuple[ItemOutcome, ...] = ("rejected", "skipped", "applied", "already")
    return Delivered(
        canonical_id=item.canonical_id,
        outcome=next((o for o in order if o in outcomes.values()), "already"),
        local_id=str(row.id) if row else None,
        seq=row.seq if row else 0,
        groups=outcomes,
        problem=next(iter(told.values()), None),
        problems=told,
    )


def _write(kind: Kind, row: Replicated, value: Value, item: Delivery, problems: dict[str, Problem]) -> ItemOutcome:
    own = standing(row.sync, value.group)
    step = guard(value.rev, own, item.seen_seq, item.moment)
    if step != "write":
        return step
    try:
        group = kind.group(value.group)
        if group is None:
            raise UnknownGroup(group=value.group)
        if not kind.holds(row, value.group, value.value):
            group.write(row, value.group, value.value)
    except Problem as problem:
        problems[value.group] = problem
        return "rejected"
    said = seen_in({"seen": item.seen})
    row.sync = {**row.sync, value.group: {"seq": 0, "hlc": 0, **own, "rev": value.rev, **said}}
    return "applied"


def _acknowledge(
    session: AsyncSession,
    kind: Kind,
    row: Replicated,
    before: Mapping[str, Json],
    item: Delivery,
    outcomes: Mapping[str, ItemOutcome],
    *,
    linked: bool,
) -> None:
    """Write an event with the current values, for third parties and the hub; none when no value changed and none
    differs. A record that was linked by this delivery is announced in any case, with its canonical id."""
    after = kind.read(row)
    changes: list[Change] = [
        {"group": v.group, "old": before.get(v.group), "new": after.get(v.group), "ctx": v.rev}
        for v in item.groups
        if outcomes[v.group] == "applied"
        and (before.get(v.group) != after.get(v.group) or after.get(v.group) != (v.value if v.value != "" else None))
    ]
    if changes or linked or row.seq == 0:
        announce(session, kind, row, after, changes, "gateway", ACTOR)


def _skipped(items: Sequence[Delivery]) -> list[Delivered]:
    return [Delivered(canonical_id=item.canonical_id, outcome="skipped") for item in items]


def _rejected(item: Delivery, problem: Problem) -> Delivered:
    groups: dict[str, ItemOutcome] = {value.group: "rejected" for value in item.groups}
    return Delivered(canonical_id=item.canonical_id, outcome="rejected", groups=groups, problem=problem.document())
