"""Actions of a steward: restore a value that lost, resolve a conflict. Both are edits whose author has seen every
value."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import uuid7
from chassis.errors import Conflict
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.identity.keys import remember_keys
from gateway.kinds import kind_spec
from gateway.merge.merge import resolve as resolved
from gateway.merge.policy import Json, same
from gateway.merge.register import Register, microseconds
from gateway.resolve.values import Named, Own, check_rules, checked, fit, meant
from gateway.store import decisions, policies
from gateway.store.change import holders, take_over
from gateway.store.decisions import DecisionRow
from gateway.store.holding import stored
from gateway.store.load import read_records, save
from gateway.store.records import RecordRow
from gateway.store.state import State


class ConflictClosed(Conflict):
    code = "conflict-closed"
    title = "The conflict is no longer open"
    hint = "Read the record as it is now; POST /v1/decisions/{id}/restore still writes any of the values."


class NoValue(Conflict):
    code = "no-value"
    title = "This decision has no value"
    detail = "It records the action {rule} on a link or a delivery."
    hint = "To change the value of a group, edit the record in one of the systems, or restore another decision."


class RecordUnread(Conflict):
    code = "record-unread"
    title = "The hub does not have the record of this decision"
    detail = "The hub was restored from a backup, and has not read {canonical_id} again."
    hint = "Try again once GET /v1/status shows nothing unread."


@dataclass(frozen=True)
class Chosen:
    """The effect of a choice on a group. `logged` is its entry in the log, None when nothing was written or
    replaced."""

    row: DecisionRow
    register: Register
    changed: bool
    due_in: list[str]
    logged: DecisionRow | None


async def restore(session: AsyncSession, decision_id: UUID, pick: Named, actor: str, now: datetime) -> Chosen:
    """Write a value of a decision again, in every system. Nothing is written when the group has the value already.

    Raises `NoSuchDecision`, or a problem of `resolve.values` when the value is ambiguous, or when it does not have the
    published shape of its group.
    """
    row, state = await _locked(session, decision_id)
    record = state.records[row.canonical_id]
    value = meant(row, pick)
    shown = record.decoded[row.group_key]
    if not shown.parked and same(value, shown.value, kind_spec(row.kind).group(row.group_key).normalise):
        return Chosen(row, shown, False, [], None)
    return await _choose(session, state, row, value, actor, now)


async def resolve(session: AsyncSession, decision_id: UUID, choice: Named | Own, actor: str, now: datetime) -> Chosen:
    """Resolve a conflict with the value of one of its authors, or with another one.

    Raises `NoSuchDecision`; `ConflictClosed` when it is closed already; `Malformed` for a value of another shape.
    """
    row, state = await _locked(session, decision_id)
    if row.state != "open":
        raise _closed(row, state.records[row.canonical_id])
    value = checked(row.kind, row.group_key, choice.value) if isinstance(choice, Own) else meant(row, choice)
    return await _choose(session, state, row, value, actor, now)


async def _locked(session: AsyncSession, decision_id: UUID) -> tuple[DecisionRow, State]:
    """A decision after its record is locked: no other transaction changes either until this one ends."""
    row = await decisions.by_id(session, decision_id)
    state = State(await stored(session), await policies.current(session))
    await read_records(session, state, [row.canonical_id])
    await session.refresh(row)
    if row.canonical_id not in state.records:
        raise RecordUnread(id=row.id, canonical_id=str(row.canonical_id))
    if row.group_key not in state.records[row.canonical_id].decoded:
        raise NoValue(id=row.id, rule=row.rule)
    return row, state


async def _choose(
    session: AsyncSession, state: State, row: DecisionRow, value: Json, actor: str, now: datetime
) -> Chosen:
    record, group, event_id = state.records[row.canonical_id], row.group_key, str(uuid7())
    check_rules(record, group, value)
    value = fit(row.kind, group, value)
    now_us = microseconds(now)
    register, decision, led = resolved(
        record.decoded,
        group,
        value,
        actor=actor,
        at=now.isoformat(),
        hlc=now_us,
        event_id=event_id,
        kind=state.policies.spec(record.tenant_id, record.kind),
        now_us=now_us,
    )
    changed = {group: register, **led}
    if take_over(state, record, changed, now):
        remember_keys(state, record, changed)
    row.resolve(actor, now)
    state.decisions.append(row)
    logged = None
    if decision is not None:
        logged = DecisionRow.of(decision, record.tenant_id, record.kind, record.canonical_id, event_id, now)
        logged.resolve(actor, now)
        state.decisions.append(logged)
    await save(session, state)
    return Chosen(row, register, True, holders(state, record), logged)


def _closed(row: DecisionRow, record: RecordRow) -> ConflictClosed:
    shown = record.decoded[row.group_key]
    if row.state == "resolved":
        happened = f"{row.resolved_by} resolved it at {row.resolved_at:%Y-%m-%d %H:%M:%S %Z}."
    elif row.state == "superseded":
        happened = "The group was written again by an author who had seen its values, or was decided again."
    else:
        happened = "It was decided by its policy and never needed a steward."
    return ConflictClosed(
        id=row.id,
        detail=happened,
        state=row.state,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
        shown_now=shown.value,
        parked_now=shown.parked,
    )
