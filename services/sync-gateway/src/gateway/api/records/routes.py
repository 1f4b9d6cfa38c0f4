"""HTTP of golden records and links."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from fastapi import APIRouter, Path, Query

from gateway.api.kinds import KindInAddress
from gateway.api.records import queries
from gateway.api.records.explaining import explained
from gateway.api.records.schemas import ExplanationOut, LinkFilters, LinkOut, RecordFilters, RecordOut, RecordSummary
from gateway.api.systems.queries import hindrances
from gateway.store import policies

router = APIRouter(tags=["records"])
READ = requires("sync:read")
Reader = Annotated[Principal, READ]
RecordId = Annotated[str, Path(max_length=200)]


@router.get("/v1/records/{kind}", dependencies=[READ])
async def list_records(
    kind: KindInAddress, session: Session, paging: Paging, filters: Annotated[RecordFilters, Query()]
) -> Page[RecordSummary]:
    """Golden records in pages, the newest first unless `sort` is given (canonical_id, updated_at)."""
    page = await paging.page(session, queries.search(kind, filters), queries.RECORD_ORDERS, lambda row: row[0])
    ids = [record.canonical_id for record in page.items]
    links, deliveries = await queries.links_of(session, ids), await queries.deliveries_of(session, ids)
    held = await hindrances(session)
    items = [
        RecordSummary.of(r, links.get(r.canonical_id, ()), deliveries.get(r.canonical_id, ()), held) for r in page.items
    ]
    return Page(items=items, next=page.next)


@router.get("/v1/records/{kind}/{canonical_id}", dependencies=[READ])
async def read_record(kind: KindInAddress, canonical_id: UUID, session: Session) -> RecordOut:
    """One record: the golden value of each group with all its heads, the links, and its state in each system."""
    record = await queries.by_id(session, kind, canonical_id)
    links = await queries.links_of(session, [canonical_id])
    deliveries = await queries.deliveries_of(session, [canonical_id])
    held = await hindrances(session)
    return RecordOut.of(
        record, links.get(canonical_id, ()), deliveries.get(canonical_id, ()), held, await policies.current(session)
    )


@router.post("/v1/records/{kind}/{record_id}/explain")
async def explain_record(caller: Reader, kind: KindInAddress, record_id: RecordId, session: Session) -> ExplanationOut:
    """Say in sentences why a record is, or is not, in each system: held, refused, waiting, paused, due or in step.

    `record_id` is the canonical id, or the id of the record in any system. Changes nothing.
    """
    return await explained(session, kind, record_id, caller.tenant)


@router.get("/v1/links", dependencies=[READ])
async def list_links(session: Session, paging: Paging, filters: Annotated[LinkFilters, Query()]) -> Page[LinkOut]:
    """The links between local records and canonical records, and the reason of each."""
    return await paging.page(
        session, queries.links(filters), queries.LINK_ORDERS, lambda row: LinkOut.model_validate(row[0].shown())
    )
