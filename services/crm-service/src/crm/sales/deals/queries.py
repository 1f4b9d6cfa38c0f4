"""Named reads of pipelines, stages and boards, and of what employees own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from activities.columns import OPEN_STATES
from chassis import clock
from chassis.errors import NotFound
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    column,
    exists,
    func,
    literal,
    select,
    table,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals.models import Deal, DealStage, StoredPipeline
from crm.sales.deals.rules import BUILT_IN, Pipeline, between

MOST_STAYS = 1_000
MOST_TASKS = 20
LEAST_GAP = 1e-5
"""Positions are seconds since 1970, with a precision of 2.4e-7: closer ones have no room between them."""
TASKS = table("tasks", *(column(name) for name in ("id", "subject", "state", "archived_at", "deal_id")))
"""The module of tasks is above this one, as tasks refer to deals; its table is read by name."""


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
    """Per stage and currency the number of deals, their amount and their amount weighted by probability.

    Deals of one probability are summed before they are weighted, which is exact and costs one product for each.
    """
    alike = (Deal.stage, Deal.currency, Deal.probability)
    parts = (
        select(*alike, func.count().label("count"), func.sum(Deal.amount).label("amount"))
        .where(*which)
        .group_by(*alike)
        .subquery()
    )
    summed, keys = parts.c, (parts.c.stage, parts.c.currency)
    statement = select(
        *keys,
        func.sum(summed.count).label("count"),
        func.coalesce(func.sum(summed.amount), 0).label("amount"),
        func.coalesce(func.sum(summed.amount * summed.probability), 0).label("weighted"),
    )
    return (await session.execute(statement.group_by(*keys).order_by(summed.currency))).all()


async def first_deals(
    session: AsyncSession, limit: int, stages: Sequence[str], *which: ColumnElement[bool]
) -> Sequence[Deal]:
    """The first deals of each stage, by their position. Each stage reads its first rows from the index."""
    each = func.unnest(literal(list(stages), ARRAY(Text))).table_valued("stage").render_derived("each_stage")
    first = (
        select(Deal.id)
        .where(*which, Deal.stage == each.c.stage)
        .order_by(Deal.position, Deal.id)
        .limit(limit)
        .lateral()
    )
    found = select(first.c.id).select_from(each).join(first, true())
    wanted = select(Deal).where(Deal.id.in_(found)).order_by(Deal.position, Deal.id)
    return (await session.scalars(wanted)).all()


async def open_tasks(session: AsyncSession, deal_id: UUID) -> Sequence[str]:
    """The subjects of the open tasks of a deal."""
    columns = TASKS.c
    wanted = select(columns.subject).where(
        columns.deal_id == deal_id, columns.archived_at.is_(None), columns.state.in_(OPEN_STATES)
    )
    return (await session.scalars(wanted.order_by(columns.id).limit(MOST_TASKS))).all()


async def position_behind(session: AsyncSession, row: Deal, stage: str, behind: Deal | None) -> float:
    """The position of a deal behind another one of the stage, or in front of all. Positions that leave no room are
    moved apart first."""
    at_stage = (Deal.state == "open", Deal.pipeline == row.pipeline, Deal.stage == stage, Deal.id != row.id)
    order = (Deal.position, Deal.id)
    later = () if behind is None else (tuple_(*order) > (behind.position, behind.id),)
    following = select(Deal.position).where(*at_stage, *later).order_by(*order).limit(1)
    after: float | None = await session.scalar(following)
    now = clock.now().timestamp()
    if behind is None or after is None or after - behind.position > LEAST_GAP:
        return between(None if behind is None else behind.position, after, now)
    await session.execute(update(Deal).where(*at_stage, *later).values(position=Deal.position + 1))
    return between(behind.position, after + 1, now)
