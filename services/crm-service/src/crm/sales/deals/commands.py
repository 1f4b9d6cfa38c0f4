"""Commands on deals and pipelines; each holds the row's lock."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.announced import announcing
from chassis.errors import Conflict
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals import queries
from crm.sales.deals.events import DEAL
from crm.sales.deals.models import Deal, StoredPipeline
from crm.sales.deals.records import DEALS
from crm.sales.deals.rules import Pipeline

Check = Callable[[int, Any], None]


class StageInUse(Conflict):
    code = "stage-in-use"
    title = "A removed stage still has deals"
    detail = "Deals of this pipeline are at the stages: {stages}."
    hint = "Move these deals first, or keep the stages."


async def move(session: AsyncSession, deal_id: UUID, stage: str) -> Deal:
    """Move a deal to a stage. Raises `NotFound`, `DealClosed`, `NoSuchStage`, `FieldsRequired`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    if row.stage != stage or row.state != "open":
        with announcing(session, DEAL, row):
            row.move(stage, pipeline)
        await session.flush()
    return row


async def win(session: AsyncSession, deal_id: UUID, reason: str | None, closed_on: date | None = None) -> Deal:
    """Close a deal as won. Raises `NotFound`, `DealClosed`, `UnknownReason`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    with announcing(session, DEAL, row):
        row.win(reason, closed_on or clock.today(), pipeline)
    await session.flush()
    return row


async def lose(session: AsyncSession, deal_id: UUID, reason: str, closed_on: date | None = None) -> Deal:
    """Close a deal as lost. Raises `NotFound`, `DealClosed`, `UnknownReason`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    with announcing(session, DEAL, row):
        row.lose(reason, closed_on or clock.today(), pipeline)
    await session.flush()
    return row


async def reopen(session: AsyncSession, deal_id: UUID) -> Deal:
    """Reopen a closed deal. Raises `NotFound`, `DealNotClosed`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    with announcing(session, DEAL, row):
        row.reopen()
    await session.flush()
    return row


async def declare_pipeline(session: AsyncSession, key: str, pipeline: Pipeline, seen: Check) -> int:
    """Declare a pipeline, or change one that the caller has `seen`; returns its version. Raises `StageInUse`."""
    row = await queries.stored_pipeline(session, key)
    known = (await queries.pipelines(session)).get(key)
    if known is not None:
        gone = {stage.key for stage in known[0].stages} - {stage.key for stage in pipeline.stages}
        if used := [stage for stage in sorted(gone) if await queries.is_used(session, key, stage)]:
            raise StageInUse(stages=used)
    value = pipeline.model_dump(mode="json")
    if row is None:
        row = StoredPipeline(key=key, value=value, version=1)
        session.add(row)
    else:
        seen(row.version, {"key": key, "version": row.version, **row.value})
        if row.value != value:
            row.value = value
            row.count_on()
    await session.flush()
    return row.version
