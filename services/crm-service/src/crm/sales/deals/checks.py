"""Rules of deals that need their pipeline, and the history of their stages."""

from typing import Any

from chassis import clock
from chassis.history import actor_of
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals import queries
from crm.sales.deals.models import Deal, DealStage


async def may_change(session: AsyncSession, row: Deal, values: dict[str, Any]) -> None:
    """Raises `DealClosed`. A new deal without a stage gets the first of its pipeline; raises `NotFound` for that."""
    row.must_be_open()
    if "pipeline" in values:
        pipeline, _ = await queries.pipeline(session, values["pipeline"])
        values["stage"] = values["stage"] or pipeline.stages[0].key


async def fits_stage(session: AsyncSession, row: Deal) -> None:
    """Raises `NoSuchStage`, or `FieldsRequired` when its stage requires more fields."""
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    row.must_fit(pipeline)
    await keep_stage(session, row)


async def keep_stage(session: AsyncSession, row: Deal) -> None:
    """Write the stage history of a deal that was entered, moved, closed or reopened; otherwise nothing is written."""
    now = clock.now()
    current = await queries.current_stage(session, row.id) if row.version else None
    if current is not None and row.state == "open" and current.stage == row.stage:
        return
    if current is not None:
        current.leave(row.stage if row.state == "open" else row.state, now)
        await session.flush()  # The unique index allows the next stay only after the end of this one.
    if row.state == "open":
        stay = DealStage(deal=row, pipeline=row.pipeline, stage=row.stage, entered_at=now, entered_by=actor_of(session))
        session.add(stay)
