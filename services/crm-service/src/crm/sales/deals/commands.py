"""Commands on deals, pipelines and owners; each holds the row's lock."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.announced import announcing
from chassis.errors import Conflict
from party.matching import ALONE, employees_named, keys_of, some_to_match, texts_of
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.people.employees.models import Employee
from crm.sales.deals import checks, queries
from crm.sales.deals.events import DEAL
from crm.sales.deals.models import Deal, StoredPipeline
from crm.sales.deals.records import DEALS
from crm.sales.deals.rules import Pipeline
from crm.sales.deals.schemas import Move

Check = Callable[[int, Any], None]
BATCH = 200


class StageInUse(Conflict):
    code = "stage-in-use"
    title = "A removed stage still has deals"
    detail = "Deals of this pipeline are at the stages: {stages}."
    hint = "Move these deals first, or keep the stages."


class NotAtStage(Conflict):
    code = "not-at-stage"
    title = "The other deal is not at this stage"
    detail = "{id} is no other open deal at the stage {stage}."
    hint = "Name an open deal of the same pipeline and stage in `after_id`; null is the first place."


async def move(session: AsyncSession, deal_id: UUID, wanted: Move) -> Deal:
    """Move a deal to a stage, or to another place at its stage.

    Raises `NotFound`, `DealClosed`, `NoSuchStage`, `FieldsRequired`, `StageNotDone`, `NotAtStage`.
    """
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    if row.stage != wanted.stage or row.state != "open":
        if pipeline.is_forward(row.stage, wanted.stage):
            await checks.may_leave(session, row, pipeline)
        with announcing(session, DEAL, row):
            row.move(wanted.stage, pipeline)
        await checks.keep_stage(session, row)
    if "after_id" in wanted.model_fields_set:
        behind = await _at_stage(session, row, wanted.after_id)
        row.position = await queries.position_behind(session, row, row.stage, behind)
    await session.flush()
    return row


async def _at_stage(session: AsyncSession, row: Deal, deal_id: UUID | None) -> Deal | None:
    if deal_id is None:
        return None
    found = await reads.referred(session, DEALS, deal_id, "after_id")
    if (found.state, found.pipeline, found.stage) != ("open", row.pipeline, row.stage) or found.id == row.id:
        raise NotAtStage(stage=row.stage, id=deal_id, field="after_id")
    return found


async def win(session: AsyncSession, deal_id: UUID, reason: str | None, closed_on: date | None = None) -> Deal:
    """Close a deal as won. Raises `NotFound`, `DealClosed`, `StageNotDone`, `UnknownReason`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    await checks.may_leave(session, row, pipeline)
    with announcing(session, DEAL, row):
        row.win(reason, closed_on or clock.today(), pipeline)
    await checks.keep_stage(session, row)
    await checks.qualify_customer(session, row)
    await session.flush()
    return row


async def lose(session: AsyncSession, deal_id: UUID, reason: str, closed_on: date | None = None) -> Deal:
    """Close a deal as lost. Raises `NotFound`, `DealClosed`, `UnknownReason`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    pipeline, _ = await queries.pipeline(session, row.pipeline)
    with announcing(session, DEAL, row):
        row.lose(reason, closed_on or clock.today(), pipeline)
    await checks.keep_stage(session, row)
    await session.flush()
    return row


async def reopen(session: AsyncSession, deal_id: UUID) -> Deal:
    """Reopen a closed deal. Raises `NotFound`, `DealNotClosed`."""
    row = await reads.by_id(session, DEALS, deal_id, lock=True)
    with announcing(session, DEAL, row):
        row.reopen()
    await checks.keep_stage(session, row)
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


async def match_owners(session: AsyncSession) -> int:
    """Refer up to `BATCH` deals whose owner is a text to the employee of that name; answer how many there were.

    A name that no employee has, or that several have, stays a text.
    """
    await session.execute(ALONE)
    keys = keys_of(await texts_of(session, Deal))
    known = await employees_named(session, Employee, set(keys.values()))
    matched = {name: found for name, key in keys.items() if (found := known.get(key))}
    ids = await some_to_match(session, Deal, matched, BATCH)
    for row in await reads.lock_all(session, DEALS, ids):
        with announcing(session, DEAL, row):
            row.give_to(matched[row.owner or ""])
    await session.flush()
    return len(ids)
