"""Reads of bookings."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.bookings.models import Booking
from crm.activities.calendar.queries import in_time
from crm.activities.calendar.rules import EventState, Span

MOST = 5_000


async def alone(session: AsyncSession, booked_id: UUID) -> None:
    """Wait until no other transaction books the same; the next one sees what this one has booked."""
    key = func.hashtextextended(f"booking {booked_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def overlapping(session: AsyncSession, row: Booking) -> Booking | None:
    """The first other booking of the same at the same time."""
    same = Booking.resource_id == row.resource_id if row.resource_id else Booking.employee_id == row.employee_id
    others = (
        select(Booking)
        .where(
            same,
            Booking.id != row.id,
            Booking.archived_at.is_(None),
            Booking.starts_at < row.ends_at,
            Booking.ends_at > row.starts_at,
        )
        .order_by(Booking.starts_at)
        .limit(1)
    )
    return await session.scalar(others)


async def of_employees(session: AsyncSession, employee_ids: Collection[UUID], window: Span) -> Sequence[Booking]:
    """The bookings of employees in a time, in order."""
    rows = (
        select(Booking)
        .where(
            Booking.employee_id.in_(employee_ids),
            Booking.archived_at.is_(None),
            Booking.starts_at < window.ends_at,
            Booking.ends_at > window.starts_at,
        )
        .order_by(Booking.starts_at)
        .limit(MOST)
    )
    return list(await session.scalars(rows))


async def events_of(session: AsyncSession, employee_id: UUID, window: Span, but: UUID | None) -> list[Span]:
    """When events keep an employee busy for certain, in order; `but` is the event that a booking is made for."""
    spans = [
        span
        for event in await in_time(session, [employee_id], window)
        if event.id != but and event.takes(employee_id) == EventState.CONFIRMED
        for span in event.schedule.within(window)
        if span.starts_at < span.ends_at
    ]
    return sorted(spans)
