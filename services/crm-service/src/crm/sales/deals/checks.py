"""Rules of deals that need their pipeline."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals import queries
from crm.sales.deals.models import Deal


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
