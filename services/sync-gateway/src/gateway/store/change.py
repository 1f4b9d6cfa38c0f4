"""Changed registers of a record, and what follows from them. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.merge.register import Register
from gateway.store.publish import cause_of
from gateway.store.records import Record
from gateway.store.state import State

SENDER_WAITS = timedelta(milliseconds=100)
"""The sender hears last: by then its answer carries how far the others are, and several edits share one."""


def take_over(
    state: State, record: Record, registers: Mapping[str, Register], now: datetime, sender: str | None = None
) -> bool:
    """Write changed registers into a record, with all that follows; tell whether a value that readers see is another.

    It is announced by what it now says; open decisions about these groups are closed; it is due in every
    system, the sender's too: that one needs the new revision, or the correction.
    """
    closed = {(record.canonical_id, group) for group in registers.keys() & set(record.parked())}
    for row in state.decisions if closed else ():
        if row.state == "open" and (row.canonical_id, row.group_key) in closed:
            row.state = "superseded"
    state.closed |= closed
    if moved := record.put(registers, now):
        state.golden[record.canonical_id] = record
    correlation_id = cause_of(state.causes, record.canonical_id).correlation_id
    for system in holders(state, record.kind) if registers else ():
        delivery = state.delivery(record, system, now)
        delivery.touch(now + SENDER_WAITS if system == sender else now, now)
        delivery.correlation_id = correlation_id
    return moved


def holders(state: State, kind: str) -> list[str]:
    """The systems that hold records of a kind."""
    return [system for system, kinds in state.systems.items() if kind in kinds]
