"""Named reads of pipelines."""

from collections.abc import Mapping

from chassis.errors import NotFound
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals.models import Deal, StoredPipeline
from crm.sales.deals.rules import BUILT_IN, Pipeline


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
