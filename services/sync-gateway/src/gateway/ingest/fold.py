"""The pure pass: fold a batch of events into the state, in order. No input or output; time comes in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from gateway.identity.match import Match, Tier, best_match, match_keys
from gateway.identity.normalise import identifying
from gateway.kinds import kind_spec
from gateway.kinds.references import Find, resolve_references, translated
from gateway.merge.merge import Merged, clamp, merge_event
from gateway.merge.register import Register, microseconds
from gateway.merge.rules import EMPTY, latest
from gateway.store.decisions import DecisionRow
from gateway.store.links import Link
from gateway.store.publish import Cause, cause_of
from gateway.store.records import Record
from gateway.store.state import Incoming, State

SENDER_WAITS = timedelta(milliseconds=100)
"""The sender hears last: by then its answer carries how far the others are, and several edits share one."""


class LinkedElsewhere(ValueError):
    """A system claims a canonical record that it has linked to another local record already."""


class BelongsElsewhere(ValueError):
    """A system claims a canonical record of another tenant, or of another kind."""


def fold(state: State, batch: Iterable[Incoming], now: datetime) -> None:
    """Merge every event of the batch. An error leaves the state unusable: the caller reads it anew."""
    for incoming in batch:
        _fold_one(state, incoming, now)


def _fold_one(state: State, incoming: Incoming, now: datetime) -> None:
    spec = kind_spec(incoming.event.kind)
    find = _finder(state, incoming.tenant_id)
    hlc, clamped = clamp(incoming.event.hlc, microseconds(now))
    event = replace(translated(incoming.event, spec, find), hlc=hlc)
    incoming = replace(incoming, event=event)
    link = state.links.get(incoming.link_key) or _identify(state, incoming, now)
    record = state.records[link.canonical_id]
    record.put(resolve_references(record.decoded, spec, find), now)
    for group, mark in event.sync.items():
        if mark.rev > record.decoded.get(group, EMPTY).rev:
            state.note_behind(mark.rev, latest(record.decoded, group), f"{group} in {event.system}")
    known = state.merged(record.canonical_id)
    merged = merge_event(record.decoded, link.seen_seq, event, spec, link.last, now_us=microseconds(now), merged=known)
    if merged.outcome == "duplicate":
        state.duplicates += 1
        return
    state.clamped += clamped
    state.repaired += merged.outcome == "repaired_gap"
    link.follow(merged.seen_seq, merged.last)
    state.causes[record.canonical_id] = Cause(event.id, incoming.correlation_id, incoming.traceparent)
    take_over(state, record, merged.registers, now, event.system)
    if merged.restored:
        state.restored[event.system] = f"{event.kind} {event.local_id} has begun again at change {event.seq}"
        state.delivery(record, event.system, now).compare(now)
    if merged.acknowledged and not (delivery := state.delivery(record, event.system, now)).comparing:
        delivery.acknowledge(merged.acknowledged)
    _log(state, record, merged, event.id, now)


def take_over(
    state: State, record: Record, registers: Mapping[str, Register], now: datetime, sender: str | None = None
) -> None:
    """Write changed registers into a record, with all that follows.

    It is announced and found by what it now says; open decisions about these groups are closed; it is due in every
    system, the sender's too: that one needs the new revision, or the correction.
    """
    closed = {(record.canonical_id, group) for group in registers.keys() & set(record.parked())}
    for row in state.decisions if closed else ():
        if row.state == "open" and (row.canonical_id, row.group_key) in closed:
            row.state = "superseded"
    state.closed |= closed
    moved = record.put(registers, now)
    if moved:
        state.golden[record.canonical_id] = record
    correlation_id = cause_of(state.causes, record.canonical_id).correlation_id
    for system in holders(state, record.kind) if registers else ():
        delivery = state.delivery(record, system, now)
        delivery.touch(now + SENDER_WAITS if system == sender else now, now)
        delivery.correlation_id = correlation_id
    if moved and not identifying(record.kind).isdisjoint(group.partition(":")[0] for group in registers):
        remember_keys(state, record)


def _finder(state: State, tenant_id: UUID) -> Find:
    def find(kind: str, system: str, local_id: str) -> UUID | None:
        link = state.links.get((tenant_id, kind, system, local_id))
        return link.canonical_id if link else None

    return find


def _identify(state: State, incoming: Incoming, now: datetime) -> Link:
    """Link a local record that the hub sees for the first time: to what it says, to its match, or to a new record."""
    event = incoming.event
    match = _explicit(state, incoming) or best_match(
        keys := match_keys(event.kind, event.snapshot), state.candidates_for(incoming, keys)
    )
    record = state.records.get(match.canonical_id) if match.canonical_id else _begun_by(state, incoming)
    if record is None:
        named = incoming.begins if incoming.begins not in state.records else None
        record = Record.new(incoming.tenant_id, event.kind, now, match.canonical_id or named)
        state.records[record.canonical_id] = record
        state.new.append(record)
    link = Link(
        tenant_id=incoming.tenant_id,
        kind=event.kind,
        system=event.system,
        local_id=event.local_id,
        canonical_id=record.canonical_id,
        seen_seq=0,
        tier=match.tier,
        reason=match.reason,
        linked_at=now,
    )
    state.add_link(link)
    return link


def _begun_by(state: State, incoming: Incoming) -> Record | None:
    """The record that this very event began: a hub that was restored may have heard of it from another system first."""
    record = state.records.get(incoming.begins) if incoming.begins else None
    if record is None or (record.tenant_id, record.kind) != (incoming.tenant_id, incoming.event.kind):
        return None
    return None if (record.canonical_id, incoming.event.system) in state.linked else record


def _explicit(state: State, incoming: Incoming) -> Match | None:
    event = incoming.event
    if event.canonical_id is None:
        return None
    canonical_id = UUID(event.canonical_id)
    known = state.records.get(canonical_id)
    if canonical_id in state.foreign or (known and (known.tenant_id, known.kind) != (incoming.tenant_id, event.kind)):
        raise BelongsElsewhere(f"canonical_id: {canonical_id} is not a {event.kind} of this tenant")
    other = state.linked.get((canonical_id, event.system))
    if other is not None:
        raise LinkedElsewhere(
            f"{event.system} has linked {canonical_id} to {other.local_id} already; {event.local_id} cannot be it too"
        )
    return Match(canonical_id, Tier.STRONG, 1.0, "the system says so itself")


def _log(state: State, record: Record, merged: Merged, event_id: str, now: datetime) -> None:
    for decision in merged.decisions:
        row = DecisionRow.of(decision, record.tenant_id, record.kind, record.canonical_id, event_id, now)
        state.decisions.append(row)


def holders(state: State, kind: str) -> list[str]:
    """The systems that hold records of a kind."""
    return [system for system, kinds in state.systems.items() if kind in kinds]


def remember_keys(state: State, record: Record) -> None:
    """Keep the record findable by what it now says of itself."""
    keys = match_keys(record.kind, record.values())
    for key in keys.lookup:
        known = state.keys[(record.tenant_id, record.kind, key)]
        if record.canonical_id not in known:
            known.add(record.canonical_id)
            state.new_keys.add((record.tenant_id, record.kind, key, record.canonical_id))
