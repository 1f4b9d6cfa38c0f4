"""Subscriptions: addresses at which programs read a calendar."""

import hmac
from datetime import timedelta
from uuid import UUID

from chassis import clock
from chassis.db import uuid7
from chassis.errors import NotFound
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.calendar.queries import caller_id
from crm.activities.calendar_files import queries, rules
from crm.activities.calendar_files.commands.exporting import file_of
from crm.activities.calendar_files.models import CalendarSubscription, CalendarUnknown, TooManySubscriptions
from crm.people.employees.models import Employee

MOST_SUBSCRIPTIONS = 20
LAST_READ = timedelta(minutes=1)
NO_DIGEST = bytes(32)


async def subscribe(session: AsyncSession, name: str, *, only_times: bool) -> tuple[CalendarSubscription, str]:
    """A new subscription of the caller's calendar, and its token, which is not stored.

    Raises `NoEmployee`, `TooManySubscriptions`.
    """
    employee_id = await queries.own_id(session)
    in_force = select(func.count()).where(
        CalendarSubscription.employee_id == employee_id, CalendarSubscription.revoked_at.is_(None)
    )
    if (await session.scalar(in_force) or 0) >= MOST_SUBSCRIPTIONS:
        raise TooManySubscriptions(most=MOST_SUBSCRIPTIONS)
    subscription_id = uuid7()
    token = rules.new_token(session.info["tenant"], subscription_id)
    values = {"name": name, "only_times": only_times, "digest": rules.digest(token)}
    row = CalendarSubscription(id=subscription_id, employee_id=employee_id, **values)
    session.add(row)
    await session.flush()
    return row, token


async def revoke(session: AsyncSession, subscription_id: UUID) -> CalendarSubscription:
    """Revoke a subscription of the caller. Revoking it again changes nothing. Raises `NotFound`."""
    row = await session.get(CalendarSubscription, subscription_id, with_for_update=True)
    if row is None or row.employee_id != await caller_id(session):
        raise NotFound(id=subscription_id)
    row.revoked_at = row.revoked_at or clock.now()
    await session.flush()
    return row


async def subscribed(session: AsyncSession, presented: rules.Presented) -> bytes:
    """The calendar of a subscription. Raises `CalendarUnknown`, the same for whatever is not accepted."""
    row = await session.get(CalendarSubscription, presented.id)
    # Compared also when there is none, so that the time of the answer does not tell.
    fits = hmac.compare_digest(NO_DIGEST if row is None else row.digest, presented.digest)
    employee = None if row is None else await session.get(Employee, row.employee_id)
    now = clock.now()
    if row is None or not fits or row.revoked_at or employee is None or not queries.in_use(employee, now):
        raise CalendarUnknown()
    if row.last_read_at is None or row.last_read_at + LAST_READ <= now:
        row.last_read_at = now
    return await file_of(session, row.employee_id, row.employee_id, only_times=row.only_times)
