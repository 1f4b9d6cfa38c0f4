"""Deliveries from the hub: a batch in, an outcome per item out. Idempotent, whatever is repeated or out of order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import requires
from chassis.db import Session, uuid7, wait_at_most
from chassis.errors import Conflict, NotFound, Problem
from chassis.replication.creating import creating_alone
from chassis.replication.edit import Change, announce
from chassis.replication.kind import Json, Kind, Replicated, guard

log = structlog.get_logger()
ACTOR = "gateway"
# Shorter than the second after which PostgreSQL looks for a deadlock, so that it is never a user who has to give way.
WAIT_MILLISECONDS = 100
LOCKED = frozenset({"55P03", "40P01"})
MOST_WAITS = 8
"""How often a batch of 200 is halved until the one record that is locked stands alone."""

ItemOutcome = Literal["applied", "already", "skipped", "rejected"]


class Shape(BaseModel):
    """Strict shapes: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class Value(Shape):
    """The present value of one group at a revision of the hub."""

    group: str
    value: Json = None
    rev: int = Field(ge=1)


class Reference(Shape):
    """The record that a group's value refers to; `value` holds the receiver's local id."""

    kind: str
    canonical_id: UUID


class Peer(Shape):
    """How far another system is with this record."""

    state: Literal["in_step", "on_its_way", "waiting", "rejected"]
    reason: str | None = None


class Delivery(Shape):
    """Bring one record to these revisions. Without `local_id`, create it once per `canonical_id`."""

    canonical_id: UUID
    local_id: UUID | None = None
    seen_seq: int = Field(default=0, ge=0)
    hlc: int = Field(default=0, ge=0)
    groups: list[Value] = []
    references: dict[str, Reference] = {}
    peers: dict[str, Peer] = {}


class Deliveries(Shape):
    """One batch."""

    items: list[Delivery] = Field(max_length=200)


class Outcome(Shape):
    """What became of one item; `groups` tells each group apart, `problem` says why one was rejected."""

    canonical_id: UUID
    outcome: ItemOutcome
    local_id: str | None = None
    seq: int = 0
    groups: dict[str, ItemOutcome] = {}
    problem: dict[str, Any] | None = None


class Outcomes(Shape):
    """The answer, in the order of the items."""

    items: list[Outcome]


class UnknownGroup(Conflict):
    """The kind has no such group here."""

    code = "unknown-group"
    title = "This system does not hold that group"
    hint = "Take the group out of the kind's definition in the gateway, or add it to the module's events.py."


class NotUnique(Conflict):
    """The database refused: another record has this value already."""

    code = "not-unique"
    title = "Another record has this value already"
    hint = "Change the value in one of the two systems; the record then goes on by itself."


class RefersToNothing(Conflict):
    """The database refused: the record that a value names is not here."""

    code = "refers-to-nothing"
    title = "The record that this one refers to is not here"
    hint = "Enter that record in this system; or let the reference name one that is here."


class Impossible(Conflict):
    """The database refused: a constraint of its own forbids the value."""

    code = "impossible-here"
    title = "The database of this system forbids the value"
    hint = "Change the value in the system where it was entered; the record then goes on by itself."


class UnknownKind(NotFound):
    """This system does not replicate such records."""

    code = "unknown-kind"
    title = "This system does not replicate that kind of record"
    hint = "Use one of the kinds listed."


def router(kinds: Sequence[Kind]) -> APIRouter:
    """The routes of the port."""
    api = APIRouter(prefix="/replication/v1", tags=["replication"])
    by_name = {kind.name: kind for kind in kinds}

    def known(kind: str) -> Kind:
        if kind not in by_name:
            raise UnknownKind(kind=kind, kinds=sorted(by_name))
        return by_name[kind]

    @api.post("/{kind}", dependencies=[requires("replication:write")])
    async def deliver(kind: Annotated[Kind, Depends(known)], body: Deliveries, session: Session) -> Outcomes:
        """Apply a batch of deliveries; one outcome per item, and no item holds up another."""
        return Outcomes(items=await apply(session, kind, body.items))

    return api


async def apply(session: AsyncSession, kind: Kind, items: Sequence[Delivery]) -> list[Outcome]:
    """Apply items under the guards, in one flush; when the database refuses it, in halves, to find out which.

    A record that somebody is changing right now is `skipped`: a batch that waited for it would hold up all others, and
    two that wait for each other's rows would never end. It comes round again.
    """
    return await _apply_in_parts(session, kind, items, waits=iter(range(MOST_WAITS)))


async def _apply_in_parts(
    session: AsyncSession, kind: Kind, items: Sequence[Delivery], waits: Iterator[int]
) -> list[Outcome]:
    try:
        async with session.begin_nested():
            return await _apply(session, kind, items)
    except DBAPIError as error:
        session.expunge_all()
        locked = getattr(error.orig, "sqlstate", None) in LOCKED
        if not locked and not isinstance(error, IntegrityError):
            raise
        if locked and (len(items) == 1 or next(waits, None) is None):
            return [Outcome(canonical_id=item.canonical_id, outcome="skipped") for item in items]
        if len(items) == 1:
            log.warning("delivery_refused_by_database", kind=kind.name, error=str(error.orig))
            return [_rejected(items[0], _refused_by_database(error))]
    half = len(items) // 2
    return [
        *await _apply_in_parts(session, kind, items[:half], waits),
        *await _apply_in_parts(session, kind, items[half:], waits),
    ]


async def _apply(session: AsyncSession, kind: Kind, items: Sequence[Delivery]) -> list[Outcome]:
    if any(item.local_id is None for item in items):
        await creating_alone(session, kind)
    await wait_at_most(session, WAIT_MILLISECONDS)
    local_ids = [item.local_id for item in items if item.local_id]
    rows = await kind.rows(session, local_ids, [item.canonical_id for item in items])
    by_local = {row.id: row for row in rows}
    by_canonical = {row.canonical_id: row for row in rows if row.canonical_id}
    outcomes = []
    for item in items:
        row = (by_local.get(item.local_id) if item.local_id else None) or by_canonical.get(item.canonical_id)
        if row is None:
            outcome, row = await _create(session, kind, item)
            if row is not None:
                by_canonical[item.canonical_id] = row
        else:
            outcome = _update(session, kind, row, item)
        outcomes.append(outcome)
    await session.flush()
    return outcomes


async def _create(session: AsyncSession, kind: Kind, item: Delivery) -> tuple[Outcome, Any]:
    values = {value.group: value.value for value in item.groups}
    if not item.groups or await kind.twin(session, values):
        return Outcome(canonical_id=item.canonical_id, outcome="skipped"), None
    try:
        row = kind.create(values)
    except Problem as problem:
        return _rejected(item, problem), None
    row.id, row.canonical_id = uuid7(), item.canonical_id
    row.sync, row.peers, row.archived_at = {}, {}, None
    row.seq = row.hlc = row.version = row.merged_seq = 0
    outcome = _update(session, kind, row, item, kind.required)
    if outcome.local_id is None:
        return outcome, None
    session.add(row)
    return outcome, row


def _update(
    session: AsyncSession, kind: Kind, row: Replicated, item: Delivery, required: Sequence[str] = ()
) -> Outcome:
    """Write what the guards let through. When a `required` group is refused there is no record: nothing is told."""
    before = kind.read(row)
    outcomes: dict[str, ItemOutcome] = {}
    problems: list[Problem] = []
    for value in item.groups:
        outcomes[value.group] = _write(kind, row, value, item.seen_seq, problems)
    if any(outcomes.get(group) == "rejected" for group in required):
        return _outcome(item, outcomes, problems)
    row.canonical_id = row.canonical_id or item.canonical_id
    row.hlc = max(row.hlc, item.hlc)
    row.merged_seq = max(row.merged_seq, item.seen_seq)
    row.peers = {name: peer.model_dump() for name, peer in item.peers.items()} or row.peers
    _acknowledge(session, kind, row, before, item, outcomes)
    return _outcome(item, outcomes, problems, row)


def _outcome(
    item: Delivery, outcomes: dict[str, ItemOutcome], problems: Sequence[Problem], row: Replicated | None = None
) -> Outcome:
    order: tuple[ItemOutcome, ...] = ("rejected", "skipped", "applied", "already")
    return Outcome(
        canonical_id=item.canonical_id,
        outcome=next((o for o in order if o in outcomes.values()), "already"),
        local_id=str(row.id) if row else None,
        seq=row.seq if row else 0,
        groups=outcomes,
        problem=problems[0].document() if problems else None,
    )


def _write(kind: Kind, row: Replicated, value: Value, seen_seq: int, problems: list[Problem]) -> ItemOutcome:
    own = row.sync.get(value.group)
    step = guard(value.rev, own, seen_seq)
    if step != "write":
        return step
    try:
        group = kind.group(value.group)
        if group is None:
            raise UnknownGroup(group=value.group)
        if kind.read_group(row, value.group) != value.value:
            group.write(row, value.group, value.value)
    except Problem as problem:
        problems.append(problem)
        return "rejected"
    row.sync = {**row.sync, value.group: {"seq": 0, "hlc": 0, **(own or {}), "rev": value.rev}}
    return "applied"


def _acknowledge(
    session: AsyncSession,
    kind: Kind,
    row: Replicated,
    before: Mapping[str, Json],
    item: Delivery,
    outcomes: Mapping[str, ItemOutcome],
) -> None:
    """Tell third parties, and the hub, what now stands here; silent when no value moved and none differs."""
    after = kind.read(row)
    changes: list[Change] = [
        {"group": v.group, "old": before.get(v.group), "new": after.get(v.group), "ctx": v.rev}
        for v in item.groups
        if outcomes[v.group] == "applied"
        and (before.get(v.group) != after.get(v.group) or after.get(v.group) != (v.value if v.value != "" else None))
    ]
    if changes or row.seq == 0:
        announce(session, kind, row, after, changes, "gateway", ACTOR)


def _refused_by_database(error: DBAPIError) -> Problem:
    """A unique key taken, a foreign key without its record, or another constraint."""
    kinds: dict[str, type[Problem]] = {"23505": NotUnique, "23503": RefersToNothing}
    refused = kinds.get(str(getattr(error.orig, "sqlstate", "")), Impossible)
    return refused(reason=str(error.orig).splitlines()[0])


def _rejected(item: Delivery, problem: Problem) -> Outcome:
    groups: dict[str, ItemOutcome] = {value.group: "rejected" for value in item.groups}
    return Outcome(canonical_id=item.canonical_id, outcome="rejected", groups=groups, problem=problem.document())
