"""Named reads of pipelines, stages and boards, and of what employees own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from party.matching import how_many
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.customers.models import Customer
from crm.sales.deals.models import Deal, DealStage, StoredPipeline
from crm.sales.deals.rules import BUILT_IN, Pipeline

MOST_STAYS = 1_000


async def pipelines(session: AsyncSession) -> Mapping[str, tuple[Pipeline, int]]:
    """All pipelines with their versions, by key; a declared one replaces a built-in one."""
    stored = await session.scalars(select(StoredPipeline).order_by(StoredPipeline.key))
    built_in = {key: (pipeline, 0) for key, pipeline in BUILT_IN.items()}
    return built_in | {row.key: (Pipeline.model_validate(row.value), row.version) for row in stored}


async def pipeline(session: AsyncSession, key: str) -> tuple[Pipeline, int]:
    """One pipeline and its version. Raises `NotFound`."""
    found = (await pipelines(session)).get(key)
    if found is None:
        raise NotFound(key=key, hint="GET /v1/pipelines lists the pipelines.")
    return found


async def stored_pipeline(session: AsyncSession, key: str) -> StoredPipeline | None:
    """A declared pipeline, locked; None when there is none."""
    found: StoredPipeline | None = await session.scalar(
        select(StoredPipeline).where(StoredPipeline.key == key).with_for_update()
    )
    return found


async def is_used(session: AsyncSession, pipeline_key: str, stage: str) -> bool:
    """Whether a deal is at this stage."""
    return bool(await session.scalar(select(exists().where(Deal.pipeline == pipeline_key, Deal.stage == stage))))


async def current_stage(session: AsyncSession, deal_id: UUID) -> DealStage | None:
    """The stay of a deal at its current stage; None while it is closed."""
    statement = select(DealStage).where(DealStage.deal_id == deal_id, DealStage.left_at.is_(None))
    found: DealStage | None = await session.scalar(statement)
    return found


async def stages_of(session: AsyncSession, deal_id: UUID) -> Sequence[DealStage]:
    """The stage history of a deal, in the order of time."""
    statement = select(DealStage).where(DealStage.deal_id == deal_id)
    return (await session.scalars(statement.order_by(DealStage.entered_at, DealStage.id).limit(MOST_STAYS))).all()


async def stage_sums(session: AsyncSession, *which: ColumnElement[bool]) -> Sequence[Any]:
    """Per stage and currency the number of deals, their amount and their amount weighted by probability."""
    statement = select(
        Deal.stage,
        Deal.currency,
        func.count().label("count"),
        func.coalesce(func.sum(Deal.amount), 0).label("amount"),
        func.coalesce(func.sum(Deal.amount * Deal.probability), 0).label("weighted"),
    ).where(*which)
    return (await session.execute(statement.group_by(Deal.stage, Deal.currency).order_by(Deal.currency))).all()


async def first_deals(session: AsyncSession, limit: int, *which: ColumnElement[bool]) -> Sequence[Deal]:
    """The first deals of each stage, by their expected close."""
    order = (Deal.expected_close.asc().nulls_last(), Deal.id)
    place = func.row_number().over(partition_by=Deal.stage, order_by=order).label("place")
    ranked = select(Deal.id, place).where(*which).subquery()
    statement = select(Deal).join(ranked, ranked.c.id == Deal.id).where(ranked.c.place <= limit)
    return (await session.scalars(statement.order_by(*order))).all()


async def owned(
    session: AsyncSession, table: Any, owner_id: UUID, limit: int, *of: ColumnElement[bool]
) -> Sequence[UUID]:
    """Some records of an owner, locked in the order of their ids."""
    found = select(table.id).where(table.owner_id == owner_id, *of).order_by(table.id).limit(limit)
    return (await session.scalars(found.with_for_update())).all()


async def counted(session: AsyncSession, owner_id: UUID) -> dict[str, int]:
    """How many records an employee owns, by what becomes of them when it leaves."""
    of = {
        "customers": (Customer, Customer.archived_at.is_(None)),
        "deals": (Deal, Deal.state == "open"),
        "archived_customers": (Customer, Customer.archived_at.is_not(None)),
        "closed_deals": (Deal, Deal.state != "open"),
    }
    return {name: await how_many(session, table, owner_id, which) for name, (table, which) in of.items()}
