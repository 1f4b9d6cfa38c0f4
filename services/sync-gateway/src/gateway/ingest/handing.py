"""What a merge makes due begins at once in the same process, from memory: the merge leases it, and hands it over.

The lease is part of the merge's transaction. When the process dies before the delivery, the lease ends, and another
look at the database finds what is due.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from gateway.store.deliveries import DeliveryRow
from gateway.store.state import State

LEASE = timedelta(seconds=15)
Handed = Mapping[str, Sequence[UUID]]
"""The records by system."""


class Receiver(Protocol):
    """The deliveries to one system in this process. `due` has it look at the database."""

    @property
    def due(self) -> asyncio.Event: ...

    def takes(self, delivery: DeliveryRow, beside: int) -> bool:
        """Whether it delivers this one at once, with so many others of the same merge."""

    def hand(self, state: State, ids: Sequence[UUID]) -> None:
        """Deliver these leased records, which `state` contains as they are stored."""

    def expect(self, due_at: datetime) -> None:
        """Look at the database at this time, at the latest."""


Receivers = Mapping[str, Receiver]
NOBODY: Receivers = {}
Delivers = Callable[[UUID, str], bool]
"""Whether deliveries of a tenant to a system are not paused."""


def always(_tenant: UUID, _system: str) -> bool:
    return True


def lease(state: State, receivers: Receivers, delivers: Delivers, now: datetime) -> Handed:
    """Lease what is due now for the receivers that take it. The caller writes the state, commits, and hands it over."""
    handed: dict[str, list[UUID]] = defaultdict(list)
    for (canonical_id, system), delivery in state.deliveries.items():
        receiver = receivers.get(system)
        if receiver is None or not _is_due(delivery, now) or not delivers(delivery.tenant_id, system):
            continue
        if receiver.takes(delivery, len(handed[system])):
            delivery.leased_until = now + LEASE
            handed[system].append(canonical_id)
    return {system: ids for system, ids in handed.items() if ids}


def hand_over(state: State, handed: Handed, receivers: Receivers, now: datetime) -> None:
    """After the commit: hand over what was leased, and have the rest looked for when it is due."""
    for system, ids in handed.items():
        if system in receivers:
            receivers[system].hand(state, ids)
    announce(state, receivers, now)


def announce(state: State, receivers: Receivers, now: datetime) -> None:
    """Have receivers look for what the state has made due."""
    for (_, system), delivery in state.deliveries.items():
        receiver = receivers.get(system)
        if receiver is None or delivery.state == "idle":
            continue
        if _is_due(delivery, now):
            receiver.due.set()
        elif delivery.due_at > now:
            receiver.expect(delivery.due_at)
    if state.woken:
        for receiver in receivers.values():
            receiver.due.set()


def _is_due(delivery: DeliveryRow, now: datetime) -> bool:
    leased = delivery.leased_until is not None and delivery.leased_until > now
    return delivery.state == "pending" and delivery.due_at <= now and not leased
