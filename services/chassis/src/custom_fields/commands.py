"""Declare, change and withdraw fields of a tenant's own."""

from collections.abc import Callable, Sequence
from uuid import UUID

from chassis import replication
from chassis.errors import NotFound
from chassis.replication import Kind, edit
from contracts.custom import CustomField
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from custom_fields import queries
from custom_fields.models import Declaration

Seen = Callable[[Declaration], None]
AT_ONCE = 500


async def declare(
    session: AsyncSession, kind: Kind, record: str, field: CustomField, actor: str, seen: Seen
) -> Declaration:
    """Declare a field, or change the label and choices of a declared one that the caller has `seen`.

    Declaring it as it is changes nothing; a withdrawn one is there again. Raises `TypeIsFixed` for another type.
    """
    await replication.creating(session, kind)
    row = await queries.for_update(session, record, field.key)
    if row is None:
        row = Declaration.blank()
        row.record, row.key, row.label = record, field.key, field.label
        row.hold(field)
        replication.created(session, kind, row, actor)
        await session.flush()
        return row
    if row.archived_at is not None:
        replication.restore(session, kind, row, actor)
    elif row.field != field:
        seen(row)
    with edit(session, kind, row, actor):
        row.hold(field)
        row.label = field.label
    await session.flush()
    return row


async def withdraw(session: AsyncSession, kind: Kind, record: str, key: str, actor: str, seen: Seen) -> None:
    """Withdraw a declaration. Values that records hold stay and are shown; new ones are refused. Raise `NotFound`."""
    row = await queries.for_update(session, record, key)
    if row is None or row.archived_at is not None:
        raise NotFound(record=record, key=key)
    seen(row)
    replication.archive(session, kind, row, actor)
    await session.flush()


async def unshared(session: AsyncSession) -> Sequence[UUID]:
    """The tenants with declarations from before declarations were shared."""
    return (await session.scalars(select(Declaration.tenant_id).where(Declaration.seq == 0).distinct())).all()


async def share(session: AsyncSession, kind: Kind) -> int:
    """Announce declarations of a tenant from before they were shared, some at once; returns how many."""
    unsaid = select(Declaration).where(Declaration.seq == 0).order_by(Declaration.id).limit(AT_ONCE)
    rows = (await session.scalars(unsaid.with_for_update(skip_locked=True))).all()
    for row in rows:
        replication.created(session, kind, row, "system")
    await session.flush()
    return len(rows)
