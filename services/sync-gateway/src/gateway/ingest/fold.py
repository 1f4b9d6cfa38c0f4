"""The pure pass: fold a batch of events into the state, in order. Without I/O; the time is an argument."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gateway.identity.keys import remember_keys
from gateway.ingest.identify import identify
from gateway.ingest.incoming import Incoming
from gateway.kinds.references import Find, resolve_references, translated
from gateway.merge.merge import Merged, clamp, merge_event
from gateway.merge.register import Event, Register, microseconds, revision
from gateway.merge.rules import latest
from gateway.store.change import take_over
from gateway.store.decisions import DecisionRow
from gateway.store.publish import Cause
from gateway.store.records import RecordRow
from gateway.store.state import State


def fold(state: State, batch: Iterable[Incoming], now: datetime) -> None:
    """Merge every event of the batch. An error leaves the state unusable: the caller reads it again."""
    for incoming in batch:
        _fold_one(state, incoming, now)


def _fold_one(state: State, incoming: Incoming, now: datetime) -> None:
    spec = state.policies.spec(incoming.tenant_id, incoming.event.kind)
    find = _finder(state, incoming.tenant_id)
    hlc, clamped = clamp(incoming.event.hlc, microseconds(now))
    event = translated(incoming.event, spec, find)
    if clamped:
        event = replace(event, hlc=hlc)
    if event is not incoming.event:
        incoming = incoming._replace(event=event)
    link = state.links.get(incoming.link_key) or identify(state, incoming, now)
    record = state.records[link.canonical_id]
    if spec.references:
        record.put(resolve_references(record.decoded, spec, find), now)
    for group, mark in event.sync.items():
        if mark.rev and mark.rev > revision(record.decoded, group):
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
    acknowledged = event.system if _stands(event, merged.registers) else None
    if take_over(state, record, merged.registers, now, acknowledged):
        remember_keys(state, record, merged.registers)
    if merged.restored:
        state.restored[event.system] = f"{event.kind} {event.local_id} has begun again at change {event.seq}"
        state.delivery(record, event.system, now).compare(now)
    if merged.acknowledged and not (delivery := state.delivery(record, event.system, now)).comparing:
        delivery.acknowledge(merged.acknowledged)
    _log(state, record, merged, event.id, now)


def _stands(event: Event, registers: Mapping[str, Register]) -> bool:
    """Whether all that an event has touched shows what its author wrote: the author needs no correction."""
    return all(
        not register.parked and register.value == event.snapshot.get(group) for group, register in registers.items()
    )


def _finder(state: State, tenant_id: UUID) -> Find:
    def find(kind: str, system: str, local_id: str) -> UUID | None:
        link = state.links.get((tenant_id, kind, system, local_id))
        return link.canonical_id if link else None

    return find


def _log(state: State, record: RecordRow, merged: Merged, event_id: str, now: datetime) -> None:
    for decision in merged.decisions:
        row = DecisionRow.of(decision, record.tenant_id, record.kind, record.canonical_id, event_id, now)
        state.decisions.append(row)
