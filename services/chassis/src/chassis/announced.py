"""Records that only this system holds and announces: events with full state and changed groups, without deliveries.

Their rows are `Versioned`, or written once. There is no merge, so an event carries no marks.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock, history, outbox, telemetry
from chassis.db import uuid7
from chassis.events import Event
from chassis.history import Action
from chassis.replication.checked import checked
from chassis.replication.edit import difference
from chassis.replication.kind import Json


class Declared(Protocol):
    """A kind as the contracts declare it: the shape of each group, and which groups are ids of other records."""

    @property
    def name(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def groups(self) -> Mapping[str, Any]: ...
    @property
    def references(self) -> frozenset[str]: ...
    @property
    def partitions(self) -> int: ...

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All values of a record, in the form in which they are published."""
        ...


@dataclass(frozen=True)
class Announced:
    """A kind whose groups are the columns of the same names, `<name>_id` for a reference."""

    declared: Declared

    @cached_property
    def topic(self) -> str:
        """`crm.deal.v1`."""
        return f"{self.declared.by}.{self.declared.name}.v1"

    def read(self, row: Any) -> dict[str, Json]:
        """The groups of a row, without the empty ones."""
        found = {}
        for group, shape in self.declared.groups.items():
            refers = group in self.declared.references
            value = getattr(row, f"{group}_id" if refers else group)
            if value not in (None, "", {}):
                found[group] = checked(shape, str(value) if refers else value, group)
        return self.declared.written(found)


def announce_new(session: AsyncSession, kind: Announced, row: Any) -> None:
    """Add a new row and write its event."""
    row.id, row.version = row.id or uuid7(), 1
    session.add(row)
    _announce(session, kind, row, {})


@contextmanager
def announcing(session: AsyncSession, kind: Announced, row: Any) -> Iterator[None]:
    """Increment the version of a locked row, and write an event with the changes of the block. Without a change there
    is no event."""
    before = kind.read(row)
    yield
    if kind.read(row) != before:
        row.count_on()
        _announce(session, kind, row, before)


def announce_once(session: AsyncSession, kind: Announced, row_id: UUID, values: Mapping[str, Json]) -> None:
    """Announce a row that is written once and never changed, by its values in JSON form. Empty ones are left out."""
    _publish(session, kind, row_id, 1, {}, {group: value for group, value in values.items() if value not in (None, "")})


def _announce(session: AsyncSession, kind: Announced, row: Any, before: Mapping[str, Json]) -> None:
    after = kind.read(row)
    name, actor = kind.declared.name, history.actor_of(session)
    if row.version == 1:
        history.note(session, name, row.id, Action.CREATED, actor)
    else:
        history.note_difference(session, name, row.id, actor, before, after)
    _publish(session, kind, row.id, row.version, before, after)


def _publish(
    session: AsyncSession,
    kind: Announced,
    row_id: UUID,
    version: int,
    before: Mapping[str, Json],
    after: Mapping[str, Json],
) -> None:
    name = kind.declared.name
    event = Event(
        id=str(uuid7()),
        source=f"/{kind.declared.by}",
        type=f"{kind.declared.by}.{name}.changed.v1",
        subject=str(row_id),
        time=clock.now(),
        dataschema=f"{kind.topic}.json",
        sequence=str(version),
        origin="user",
        correlationid=telemetry.correlation_id.get(),
        traceparent=telemetry.traceparent(),
        tenant=str(session.info["tenant"]),
        data={
            "kind": name,
            "local_id": str(row_id),
            "seq": version,
            "changes": [
                {"group": group, "old": before.get(group), "new": after.get(group)}
                for group in difference(before, after)
            ],
            "snapshot": after,
        },
    )
    outbox.announce(session, kind.topic, str(row_id), event)
