"""Every use case that changes a deal or a pipeline; each holds the row's lock."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.errors import Conflict, NotFound
from chassis.patch import patched
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals import queries
from crm.sales.deals.models import Deal, FieldsRequired, StoredPipeline
from crm.sales.deals.rules import Pipeline, missing
from crm.sales.deals.schemas import DealBody, DealOut, NewDeal

Check = Callable[[int, Any], None]


class DealWithoutParty(Conflict):
    code = "deal-without-party"
    title = "The deal's customer or contact does not exist"
    detail = "There is no {kind} with the id {id} in this service."
    hint = "Look it up: GET /v1/{kind}s?q=..."


class StageInUse(Conflict):
    code = "stage-in-use"
    title = "Deals stand at a stage that would be gone"
    detail = "Deals of this pipeline stand at: {stages}."
    hint = "Move these deals first, or keep the stages."


async def create(session: AsyncSession, body: NewDeal) -> Deal:
    """Enter a new deal. Raise `DealWithoutParty`, `NotFound` for its pipeline, `NoSuchStage`, `FieldsRequired`."""
    pipeline, _ = await queries.pipeline(session, body.pipeline)
    await _parties_exist(session, body.customer_id, body.contact_id)
    fields = body.model_dump(exclude={"stage"})
    row = Deal(**fields, state="open", reason=None, closed_on=None)
    row.move(body.stage or pipeline.stages[0].key, pipeline)
    session.add(row)
    await session.flush()
    return row


async def change(session: AsyncSession, deal_id: UUID, patch: Mapping[str, Any], seen: Check) -> Deal:
    """Apply a merge patch to the deal that the caller has `seen`; what its stage requires stays filled.

    Raise `NotFound`, `Malformed`, `DealClosed`, `DealWithoutParty`, `FieldsRequired`, and whatever `seen` raises.
    """
    row = await queries.for_update(session, deal_id)
    shown = DealOut.of(row)
    seen(row.version, shown)
    row.must_be_open()
    present = shown.model_dump(mode="json", include=set(DealBody.model_fields))
    body = patched(DealBody, present, patch)
    if body.model_dump(mode="json") == present:
        return row
    await _parties_exist(session, body.customer_id, body.contact_id)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    stage = pipeline.stage(row.stage)
    if stage is not None and (empty := missing(stage.required, body.model_dump())):
        raise FieldsRequired(stage=row.stage, fields=empty)
    for field, value in body.model_dump().items():
        setattr(row, field, value)
    return await _counted(session, row)


async def move(session: AsyncSession, deal_id: UUID, stage: str) -> Deal:
    """Take a deal to a stage. Raise `NotFound`, `DealClosed`, `NoSuchStage`, `FieldsRequired`."""
    row = await queries.for_update(session, deal_id)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    if row.stage != stage or row.state != "open":
        row.move(stage, pipeline)
        await _counted(session, row)
    return row


async def win(session: AsyncSession, deal_id: UUID, reason: str | None, closed_on: date | None = None) -> Deal:
    """Close a deal as won. Raise `NotFound`, `DealClosed`, `UnknownReason`."""
    row = await queries.for_update(session, deal_id)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    row.win(reason, closed_on or clock.today(), pipeline)
    return await _counted(session, row)


async def lose(session: AsyncSession, deal_id: UUID, reason: str, closed_on: date | None = None) -> Deal:
    """Close a deal as lost. Raise `NotFound`, `DealClosed`, `UnknownReason`."""
    row = await queries.for_update(session, deal_id)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    row.lose(reason, closed_on or clock.today(), pipeline)
    return await _counted(session, row)


async def reopen(session: AsyncSession, deal_id: UUID) -> Deal:
    """Go on with a closed deal. Raise `NotFound`, `DealNotClosed`."""
    row = await queries.for_update(session, deal_id)
    row.reopen()
    return await _counted(session, row)


async def declare_pipeline(session: AsyncSession, key: str, pipeline: Pipeline, seen: Check) -> int:
    """Declare a pipeline, or change one that the caller has `seen`; answer its version. Raise `StageInUse`."""
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


async def _parties_exist(session: AsyncSession, customer_id: UUID, contact_id: UUID | None) -> None:
    try:
        await reads.by_id(session, CUSTOMERS, customer_id)
    except NotFound:
        raise DealWithoutParty(kind="customer", id=customer_id) from None
    if contact_id is not None:
        try:
            await reads.by_id(session, CONTACTS, contact_id)
        except NotFound:
            raise DealWithoutParty(kind="contact", id=contact_id) from None


async def _counted(session: AsyncSession, row: Deal) -> Deal:
    row.count_on()
    await session.flush()
    return row
