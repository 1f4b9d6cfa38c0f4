"""Changed registers of a record, and their consequences. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zlib import crc32

import tracing

from gateway.kinds.holders import serves
from gateway.merge.register import EPOCH, Register
from gateway.store.deliveries import DERIVED
from gateway.store.publish import cause_of
from gateway.store.records import RecordRow
from gateway.store.state import State

ACKNOWLEDGED_AFTER = timedelta(seconds=0.75)
ACKNOWLEDGED_TOGETHER = timedelta(seconds=0.25)
"""A system whose own values stand hears last, after 0.75 to 1 s: by then it hears how far the others are, and all edits
of that record in that time share one delivery. Acknowledgements of many records become due together, in one call, at
moments that differ by system. What is due there for another reason takes the acknowledgement along."""

DERIVED_ACKNOWLEDGED_AFTER = timedelta(seconds=4.75)
"""The same of a derived kind: no person waits for it, and its author changes it once a second while orders arrive."""


def take_over(
    state: State, record: RecordRow, registers: Mapping[str, Register], now: datetime, acknowledged: str | None = None
) -> bool:
    """Write changed registers into a record, with their consequences; returns whether a published value has changed.

    It is announced by what it now says; open decisions about these groups are closed; it is due in every
    system. One that is only `acknowledged` needs no value, but the new revision.
    """
    closed = {(record.canonical_id, group) for group in registers.keys() & set(record.parked())}
    for row in state.decisions if closed else ():
        if row.state == "open" and (row.canonical_id, row.group_key) in closed:
            row.state = "superseded"
    state.closed |= closed
    if moved := record.put(registers, now):
        state.golden[record.canonical_id] = record
    cause = cause_of(state.causes, record.canonical_id)
    traceparent = tracing.kept(cause.traceparent)
    for system in holders(state, record) if registers else ():
        delivery = state.delivery(record, system, now)
        delivery.touch(acknowledged_at(record.kind, system, now) if system == acknowledged else now, now)
        delivery.correlation_id, delivery.traceparent = cause.correlation_id, traceparent
    return moved


def acknowledged_at(kind: str, system: str, now: datetime) -> datetime:
    """When a system is told that its edit of this moment stands."""
    after = now + (DERIVED_ACKNOWLEDGED_AFTER if kind in DERIVED else ACKNOWLEDGED_AFTER)
    offset = crc32(system.encode()) % 1000 / 1000 * ACKNOWLEDGED_TOGETHER
    return after + (ACKNOWLEDGED_TOGETHER - (after - offset - EPOCH) % ACKNOWLEDGED_TOGETHER)


def holders(state: State, record: RecordRow) -> list[str]:
    """The systems that hold records of this kind and tenant.

    A system that has a delivery of the record is one of them: it may have been registered after `systems` was read.
    """
    kind, tenant = record.kind, record.tenant_id
    held = [system for system, kinds in state.systems.items() if kind in kinds and serves(kinds, tenant)]
    return held + [system for system in state.newer_systems if (record.canonical_id, system) in state.deliveries]
