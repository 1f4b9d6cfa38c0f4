"""An edit in a spoke: the change and its event, in one transaction.

The caller holds the row's lock, so the events of one row are written in order.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock, history, outbox, telemetry
from chassis.db import uuid7
from chassis.errors import Conflict
from chassis.events import Event
from chassis.history import Action
from chassis.replication.floors import seen_in, standing
from chassis.replication.kind import DEAD, LIFE, Json, Kind, Replicated

Origin = Literal["user", "gateway"]
Change = dict[str, Json]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Archived(Conflict):
    """An archived record is read-only."""

    code = "archived"
    title = "The record is archived"
    hint = "Restore it first (POST to its `restore` address), then repeat the change."


class TenantUnknown(RuntimeError):
    """A row was edited outside a tenant's transaction; this is a bug."""


class OnlyRead(RuntimeError):
    """A row of a kind was edited that this system only reads; this is a bug, because the edit would not be
    published."""


def wall_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


@contextmanager
def edit(session: AsyncSession, kind: Kind, row: Any, actor: str, affirm: Collection[str] = ()) -> Iterator[None]:
    """Record the changes of the block on a locked row. Without a change there is no event and no new version.

    `affirm` names groups (a family includes all its members) that are sent although they are unchanged: an unseen edit
    of them by another system then conflicts with this one. Raises `Archived` when the record is archived.
    """
    if row.archived_at is not None:
        raise Archived(id=str(row.id), archived_at=row.archived_at.isoformat())
    before = kind.read(row)
    yield
    _record(session, kind, row, before, actor, affirm)


def created(session: AsyncSession, kind: Kind, row: Any, actor: str) -> None:
    """Add a new row and write its event."""
    row.id = row.id or uuid7()
    row.sync, row.peers, row.decided = row.sync or {}, row.peers or {}, row.decided or {}
    row.seq, row.hlc, row.version, row.merged_seq = (
        row.seq or 0,
        row.hlc or 0,
        row.version or 0,
        row.merged_seq or 0,
    )
    row.created_at = row.updated_at = clock.now()
    session.add(row)
    _record(session, kind, row, {}, actor)


def archive(session: AsyncSession, kind: Kind, row: Any, actor: str) -> None:
    """Archive a record here and in all other systems; archiving twice changes nothing."""
    if row.archived_at is None:
        before = kind.read(row)
        row.archived_at = clock.now()
        _record(session, kind, row, before, actor)


def restore(session: AsyncSession, kind: Kind, row: Any, actor: str) -> None:
    """Restore an archived record."""
    if row.archived_at is not None:
        before = kind.read(row)
        row.archived_at = None
        _record(session, kind, row, before, actor)


def difference(before: Mapping[str, Json], after: Mapping[str, Json]) -> list[str]:
    """The keys with different values, in a stable order."""
    return [key for key in {**before, **after} if before.get(key) != after.get(key)]


def _record(
    session: AsyncSession, kind: Kind, row: Any, before: Mapping[str, Json], actor: str, affirm: Collection[str] = ()
) -> None:
    after = kind.read(row)
    keys = difference(before, after)
    if not keys:
        return
    if not kind.announced:
        raise OnlyRead(f"{kind.system} changed {kind.name} {row.id}, which it only reads")
    keys += [key for key in after if key.partition(":")[0] in affirm and key not in keys]
    if LIFE not in keys:
        keys.append(LIFE)  # An edit sets the life of the record: it wins over a concurrent delete.
    row.hlc = max(wall_clock(), row.hlc + 1)
    stood = {key: standing(row.sync, key) for key in keys}
    changes = [
        {
            "group": key,
            "old": before.get(key),
            "new": after.get(key),
            "ctx": stood[key].get("rev", 0),
            "after": stood[key].get("seq", 0),
            **seen_in(stood[key]),
        }
        for key in keys
    ]
    announce(session, kind, row, after, changes, "user", actor)


def announce(
    session: AsyncSession,
    kind: Kind,
    row: Any,
    values: Mapping[str, Json],
    changes: list[Change],
    origin: Origin,
    actor: str,
) -> None:
    """Increment the row's sequence and write its event: the changed groups, the full state, and the mark of each group.

    An event without changes announces that the record was linked: the version stays, so that a client that has read the
    record can change it. For a kind that the system only reads, no event is written.
    """
    now_us = wall_clock()
    now = EPOCH + timedelta(microseconds=now_us)
    row.seq += 1
    if changes or not row.version:
        row.version += 1
        row.updated_at = now
    if origin == "user":
        place = {"seq": row.seq, "hlc": row.hlc, "at": now_us}
        moved = {change["group"]: {**place, "rev": change["ctx"], **seen_in(change)} for change in changes}
        row.sync = {**row.sync, **moved}
    if kind.history:
        _note(session, kind, row, changes, actor)
    if not kind.announced:
        return
    canonical_id = str(row.canonical_id) if row.canonical_id else None
    shown = dict(kind.show(row))
    event = Event(
        id=str(uuid7()),
        source=f"/{kind.system}",
        type=f"{kind.system}.{kind.name}.changed.v1",
        subject=str(row.id),
        time=now,
        dataschema=f"{kind.topic}.json",
        sequence=str(row.seq),
        canonicalid=canonical_id,
        origin=origin,
        correlationid=telemetry.correlation_id.get(),
        traceparent=telemetry.traceparent(),
        tenant=_tenant(session, row),
        data={
            "kind": kind.name,
            "local_id": str(row.id),
            "canonical_id": canonical_id,
            "seq": row.seq,
            "hlc": row.hlc,
            "origin": origin,
            "actor": actor,
            "changes": changes,
            "snapshot": values,
            **({"shown": shown} if shown else {}),
            "sync": row.sync,
        },
    )
    outbox.announce(session, kind.topic, str(row.id), event)


def _note(session: AsyncSession, kind: Kind, row: Any, changes: list[Change], actor: str) -> None:
    """Write the history of the change, or of the creation."""
    tenant = _tenant(session, row)
    if row.seq == 1:
        history.note(session, kind.name, row.id, Action.CREATED, actor, tenant=tenant)
        return
    lived = next((change for change in changes if change["group"] == LIFE and change["old"] != change["new"]), None)
    if lived is not None:
        action = Action.ARCHIVED if lived["new"] == DEAD else Action.RESTORED
        history.note(session, kind.name, row.id, action, actor, tenant=tenant)
    others = [change for change in changes if change["group"] != LIFE]
    history.note(session, kind.name, row.id, Action.CHANGED, actor, others, tenant=tenant)


def _tenant(session: AsyncSession, row: Replicated) -> str:
    tenant = session.info.get("tenant") or getattr(row, "tenant_id", None)
    if tenant is None:
        raise TenantUnknown(f"{type(row).__name__} {row.id} was changed outside a tenant's transaction")
    return str(tenant)
