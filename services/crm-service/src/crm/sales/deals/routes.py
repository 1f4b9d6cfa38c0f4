"""HTTP of deals and their pipelines."""

from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import requires
from chassis.db import Session
from chassis.preconditions import SeenIfThere, etag
from fastapi import APIRouter, Path, Query, Response
from party.owners import owned_by
from records import ActionRouter, answered, reads, routes

from crm.sales.deals import commands, queries
from crm.sales.deals.models import Deal
from crm.sales.deals.records import DEALS
from crm.sales.deals.rules import Pipeline, StageKey
from crm.sales.deals.schemas import (
    Board,
    BoardFilters,
    DealOut,
    Lost,
    Move,
    PipelineList,
    PipelineOut,
    StageHistory,
    StageStay,
    Won,
    board_of,
)

READ, WRITE = requires("deals:read"), requires("deals:write")
router = ActionRouter(DEALS)


@router.post("/{deal_id}/move", dependencies=[WRITE])
async def move_deal(deal_id: UUID, body: Move, session: Session, response: Response) -> DealOut:
    """Move a deal to another stage, or to another place at its stage.

    The fields that the stage requires must be filled; forward, what the present stage asks for must be done.
    """
    return await answered(session, DEALS, await commands.move(session, deal_id, body), response)


@router.post("/{deal_id}/win", dependencies=[WRITE])
async def win_deal(deal_id: UUID, body: Won, session: Session, response: Response) -> DealOut:
    """Close a deal as won; what its stage asks for must be done."""
    return await answered(session, DEALS, await commands.win(session, deal_id, body.reason, body.closed_on), response)


@router.post("/{deal_id}/lose", dependencies=[WRITE])
async def lose_deal(deal_id: UUID, body: Lost, session: Session, response: Response) -> DealOut:
    """Close a deal as lost, with a reason of the pipeline."""
    return await answered(session, DEALS, await commands.lose(session, deal_id, body.reason, body.closed_on), response)


@router.post("/{deal_id}/reopen", dependencies=[WRITE])
async def reopen_deal(deal_id: UUID, session: Session, response: Response) -> DealOut:
    """Reopen a closed deal, at its last stage."""
    return await answered(session, DEALS, await commands.reopen(session, deal_id), response)


@router.get("/{deal_id}/stages", dependencies=[READ])
async def list_deal_stages(deal_id: UUID, session: Session) -> StageHistory:
    """The stage history of a deal: when and by whom each stage was entered, and how many days it stayed there."""
    await reads.by_id(session, DEALS, deal_id)
    now = clock.now()
    return StageHistory(items=[StageStay.of(each, now) for each in await queries.stages_of(session, deal_id)])


board = APIRouter(tags=["deals"])


@board.get("/v1/deals:board", dependencies=[READ])
async def read_deals_board(session: Session, filters: Annotated[BoardFilters, Query()]) -> Board:
    """The open deals of a pipeline by stage: count, amount, weighted amount, and the first deals."""
    pipeline, _ = await queries.pipeline(session, filters.pipeline)
    wanted = await reads.with_caller(session, DEALS.callers, filters)
    which = [Deal.state == "open", Deal.pipeline == filters.pipeline]
    if wanted.owner_id is not None:
        which.append(owned_by(Deal)(wanted.owner_id))
    sums = await queries.stage_sums(session, *which)
    stages = [each.key for each in pipeline.stages]
    first = await queries.first_deals(session, filters.first, stages, *which)
    return board_of(filters.pipeline, pipeline, sums, first)


pipelines = APIRouter(prefix="/v1/pipelines", tags=["deals"])
routers = (board, routes(DEALS), router, pipelines)
Key = Annotated[StageKey, Path(description="The pipeline's key in addresses.")]


@pipelines.get("", dependencies=[READ])
async def list_pipelines(session: Session) -> PipelineList:
    """All pipelines, including the built-in one."""
    found = await queries.pipelines(session)
    return PipelineList(items=[_shown(key, *each) for key, each in found.items()])


@pipelines.get("/{key}", dependencies=[READ])
async def read_pipeline(key: Key, session: Session, response: Response) -> PipelineOut:
    """One pipeline: its stages with their probabilities and required fields, its reasons."""
    return _tagged(_shown(key, *await queries.pipeline(session, key)), response)


@pipelines.put("/{key}", dependencies=[WRITE])
async def declare_pipeline(
    key: Key, body: Pipeline, session: Session, seen: SeenIfThere, response: Response
) -> PipelineOut:
    """Declare a pipeline, or change it; a stage with deals cannot be removed."""
    version = await commands.declare_pipeline(session, key, body, seen.check)
    return _tagged(_shown(key, body, version), response)


def _shown(key: str, pipeline: Pipeline, version: int) -> PipelineOut:
    return PipelineOut(key=key, version=version, **dict(pipeline))


def _tagged(shown: PipelineOut, response: Response) -> PipelineOut:
    response.headers["ETag"] = etag(shown.version)
    return shown
