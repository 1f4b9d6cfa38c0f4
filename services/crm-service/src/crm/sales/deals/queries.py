"""Named reads of deals and pipelines."""

from collections.abc import Mapping
from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from sqlalchemy import Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.sales.deals.models import Deal, StoredPipeline
from crm.sales.deals.rules import BUILT_IN, Pipeline
from crm.sales.deals.schemas import DealFilters

ORDERS = Sorting(
    {
        "name": Deal.name,
        "amount": Deal.amount,
        "expected_close": Deal.expected_close,
        "created_at": Deal.created_at,
        "updated_at": Deal.updated_at,
    },
    Deal.id,
    "-updated_at",
)


async def by_id(session: AsyncSession, deal_id: UUID) -> Deal:
    """One deal. Raise `NotFound`."""
    return await _one(session, select(Deal).where(Deal.id == deal_id), deal_id)


async def for_update(session: AsyncSession, deal_id: UUID) -> Deal:
    """One deal, locked until the transaction ends. Raise `NotFound`."""
    locked = select(Deal).with_for_update().execution_options(populate_existing=True)
    return await _one(session, locked.where(Deal.id == deal_id), deal_id)


def search(filters: DealFilters) -> Select[Deal]:
    """The deals that every filter takes."""
    statement = select(Deal)
    for word in (filters.q or "").split():
        statement = statement.where(Deal.name.icontains(word, autoescape=True))
    names = ("customer_id", "contact_id", "pipeline", "stage", "state", "owner")
    equal = {name: value for name in names if (value := getattr(filters, name)) is not None}
    statement = statement.filter_by(**equal)
    if filters.closes_from is not None:
        statement = statement.where(Deal.expected_close >= filters.closes_from)
    if filters.closes_until is not None:
        statement = statement.where(Deal.expected_close <= filters.closes_until)
    return statement


async def pipelines(session: AsyncSession) -> Mapping[str, tuple[Pipeline, int]]:
    """All pipelines with their versions, by key; a declared one stands in the place of a built-in one."""
    stored = await session.scalars(select(StoredPipeline).order_by(StoredPipeline.key))
    built_in = {key: (pipeline, 0) for key, pipeline in BUILT_IN.items()}
    return built_in | {row.key: (Pipeline.model_validate(row.value), row.version) for row in stored}


async def pipeline(session: AsyncSession, key: str) -> tuple[Pipeline, int]:
    """One pipeline and its version. Raise `NotFound`."""
    found = (await pipelines(session)).get(key)
    if found is None:
        raise NotFound(key=key, hint="GET /v1/pipelines lists those that there are.")
    return found


async def stored_pipeline(session: AsyncSession, key: str) -> StoredPipeline | None:
    """A declared pipeline, locked; None when there is none."""
    found: StoredPipeline | None = await session.scalar(
        select(StoredPipeline).where(StoredPipeline.key == key).with_for_update()
    )
    return found


async def is_used(session: AsyncSession, pipeline_key: str, stage: str) -> bool:
    """Whether a deal stands at this stage."""
    return bool(await session.scalar(select(exists().where(Deal.pipeline == pipeline_key, Deal.stage == stage))))


async def _one(session: AsyncSession, statement: Select[Deal], deal_id: UUID) -> Deal:
    found: Deal | None = await session.scalar(statement)
    if found is None:
        raise NotFound(id=deal_id)
    return found
