"""Freeze the forecast of a tenant, once a week."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from access.tenants import is_suspended
from chassis import clock
from sqlalchemy import exists, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_once
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals.models import Deal
from crm.sales.forecast import queries
from crm.sales.forecast.models import FrozenForecast, FrozenRow
from crm.sales.forecast.rules import FROZEN_PAST, week_of
from crm.sales.forecast.schemas import MOST_DAYS


async def tenants_to_freeze(session: AsyncSession, week: date) -> Sequence[UUID]:
    """The tenants with deals of which no forecast is frozen this week; suspended ones are left out."""
    frozen = exists().where(FrozenForecast.tenant_id == Deal.tenant_id, FrozenForecast.week == week)
    wanted = select(Deal.tenant_id).where(~frozen, ~is_suspended(Deal.tenant_id)).distinct()
    return (await session.scalars(wanted)).all()


async def freeze(session: AsyncSession, today: date) -> bool:
    """Store the forecast of the transaction's tenant as it is now, unless that was done this week.

    Two workers at once store it once: the second waits for the row of the first.
    """
    week = week_of(today)
    once = insert_once(FrozenForecast).values(week=week, frozen_at=clock.now()).on_conflict_do_nothing()
    if await session.scalar(once.returning(FrozenForecast.week)) is None:
        return False
    sums = queries.sums(queries.closing_between(today - FROZEN_PAST, today + timedelta(days=MOST_DAYS)), Deal.pipeline)
    rows = sums.subquery()
    columns = [each.name for each in rows.c]
    wanted = select(func.uuidv7(), literal(week), *rows.c)
    await session.execute(insert(FrozenRow).from_select(["id", "week", *columns], wanted))
    return True
