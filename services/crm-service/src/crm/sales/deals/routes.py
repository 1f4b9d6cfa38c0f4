"""HTTP of deals and their pipelines."""

from typing import Annotated
from uuid import UUID

from chassis.auth import requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch
from chassis.preconditions import IdempotentRoute, SeenIfThere, SeenVersion, etag
from fastapi import APIRouter, Path, Query, Response

from crm.sales.deals import commands, queries
from crm.sales.deals.rules import Pipeline, StageKey
from crm.sales.deals.schemas import DealFilters, DealOut, Lost, Move, NewDeal, PipelineList, PipelineOut, Won

router = APIRouter(prefix="/v1/deals", tags=["deals"], route_class=IdempotentRoute)
READ, WRITE = requires("deals:read"), requires("deals:write")


@router.post("", status_code=201, dependencies=[WRITE])
async def create_deal(body: NewDeal, session: Session, response: Response) -> DealOut:
    """Enter a deal."""
    row = await commands.create(session, body)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return DealOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_deals(session: Session, paging: Paging, filters: Annotated[DealFilters, Query()]) -> Page[DealOut]:
    """Deals in pages, those changed last first (`sort`: name, amount, expected_close, created_at, updated_at)."""
    return await paging.page(session, queries.search(filters), queries.ORDERS, lambda row: DealOut.of(row[0]))


@router.get("/{deal_id}", dependencies=[READ])
async def read_deal(deal_id: UUID, session: Session, response: Response) -> DealOut:
    """One deal, with the `ETag` to change it."""
    return DealOut.of(await queries.by_id(session, deal_id)).tag(response)


@router.patch("/{deal_id}", dependencies=[WRITE])
async def change_deal(
    deal_id: UUID, patch: JsonPatch, session: Session, seen: SeenVersion, response: Response
) -> DealOut:
    """Change the fields named; all others stay."""
    return DealOut.of(await commands.change(session, deal_id, patch, seen.check)).tag(response)


@router.post("/{deal_id}/move", dependencies=[WRITE])
async def move_deal(deal_id: UUID, body: Move, session: Session, response: Response) -> DealOut:
    """Take a deal to another stage; the fields that the stage requires must be filled."""
    return DealOut.of(await commands.move(session, deal_id, body.stage)).tag(response)


@router.post("/{deal_id}/win", dependencies=[WRITE])
async def win_deal(deal_id: UUID, body: Won, session: Session, response: Response) -> DealOut:
    """Close a deal as won."""
    return DealOut.of(await commands.win(session, deal_id, body.reason, body.closed_on)).tag(response)


@router.post("/{deal_id}/lose", dependencies=[WRITE])
async def lose_deal(deal_id: UUID, body: Lost, session: Session, response: Response) -> DealOut:
    """Close a deal as lost, with a reason of the pipeline."""
    return DealOut.of(await commands.lose(session, deal_id, body.reason, body.closed_on)).tag(response)


@router.post("/{deal_id}/reopen", dependencies=[WRITE])
async def reopen_deal(deal_id: UUID, session: Session, response: Response) -> DealOut:
    """Go on with a closed deal, at the stage where it was."""
    return DealOut.of(await commands.reopen(session, deal_id)).tag(response)


pipelines = APIRouter(prefix="/v1/pipelines", tags=["deals"])
Key = Annotated[StageKey, Path(description="The pipeline's own name in addresses.")]


@pipelines.get("", dependencies=[READ])
async def list_pipelines(session: Session) -> PipelineList:
    """All pipelines, the built-in one among them."""
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
    """Declare a pipeline, or change it; a stage at which deals stand cannot be left out."""
    version = await commands.declare_pipeline(session, key, body, seen.check)
    return _tagged(_shown(key, body, version), response)


def _shown(key: str, pipeline: Pipeline, version: int) -> PipelineOut:
    return PipelineOut(key=key, version=version, **dict(pipeline))


def _tagged(shown: PipelineOut, response: Response) -> PipelineOut:
    response.headers["ETag"] = etag(shown.version)
    return shown
