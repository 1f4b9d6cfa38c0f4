"""HTTP of quotes."""

import asyncio
from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch
from chassis.preconditions import IdempotentRoute, Seen, SeenIfThere, SeenVersion, etag
from discounts.routes import limits_router
from documents import PDF, Pdf
from fastapi import APIRouter, Body, Query, Response

from crm.catalogue.products.models import QuoteSetting
from crm.sales.quotes import commands, paper, queries
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.rules import Letterhead, QuoteState
from crm.sales.quotes.schemas import (
    Accept,
    Decline,
    LetterheadOut,
    QuoteBody,
    QuoteFilters,
    QuoteOut,
    Revise,
    SentList,
    SentOut,
)

router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=IdempotentRoute)
READ = requires("quotes:read")
Writer = Annotated[Principal, requires("quotes:write")]
OrderWriter = Annotated[Principal, requires("quotes:write", "orders:write")]


@router.post("", status_code=201)
async def create_quote(body: QuoteBody, session: Session, caller: Writer, response: Response) -> QuoteOut:
    """Enter a quote; prices and tax rates that you leave out are the catalogue's of today."""
    row = await commands.create(session, body, caller.roles)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return _shown(row).tag(response)


@router.get("", dependencies=[READ])
async def list_quotes(session: Session, paging: Paging, filters: Annotated[QuoteFilters, Query()]) -> Page[QuoteOut]:
    """Quotes in pages, those changed last first (`sort`: number, total, valid_until, created_at, updated_at)."""
    found = queries.search(filters, clock.today())
    return await paging.page(session, found, queries.ORDERS, lambda row: _shown(row[0]))


@router.get("/{quote_id}", dependencies=[READ])
async def read_quote(quote_id: UUID, session: Session, response: Response) -> QuoteOut:
    """One quote, with the `ETag` to change it."""
    return _shown(await queries.by_id(session, quote_id)).tag(response)


@router.patch("/{quote_id}")
async def change_quote(
    quote_id: UUID, patch: JsonPatch[QuoteBody], session: Session, caller: Writer, seen: SeenVersion, response: Response
) -> QuoteOut:
    """Change the fields of a draft that are named; `lines` are replaced as a whole."""
    row = await commands.change(session, quote_id, patch, caller.roles, _seen(seen))
    return _shown(row).tag(response)


@router.post("/{quote_id}/send")
async def send_quote(quote_id: UUID, session: Session, caller: Writer, response: Response) -> QuoteOut:
    """Fix this version: from here on the customer has it. Your role limits the discounts."""
    return _shown(await commands.send(session, quote_id, caller.roles)).tag(response)


@router.post("/{quote_id}/accept")
async def accept_quote(
    quote_id: UUID, body: Accept, session: Session, caller: OrderWriter, response: Response
) -> QuoteOut:
    """The customer says yes: the order is made, and handed to the ERP, in this one step."""
    return _shown(await commands.accept(session, quote_id, body, caller.subject)).tag(response)


@router.post("/{quote_id}/decline", dependencies=[requires("quotes:write")])
async def decline_quote(quote_id: UUID, body: Decline, session: Session, response: Response) -> QuoteOut:
    """The customer says no."""
    return _shown(await commands.decline(session, quote_id, body.reason)).tag(response)


@router.post("/{quote_id}/revise", dependencies=[requires("quotes:write")])
async def revise_quote(
    quote_id: UUID, session: Session, response: Response, body: Annotated[Revise | None, Body()] = None
) -> QuoteOut:
    """Begin a new version from the one that was sent; that one stays readable."""
    valid_until = body.valid_until if body else None
    return _shown(await commands.revise(session, quote_id, valid_until)).tag(response)


@router.get("/{quote_id}/versions", dependencies=[READ])
async def list_quote_versions(quote_id: UUID, session: Session) -> SentList:
    """Every version that was sent, the newest first."""
    return SentList(items=[SentOut.of(row) for row in await queries.sent(session, quote_id)])


@router.get("/{quote_id}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def read_quote_pdf(quote_id: UUID, session: Session, revision: int | None = None) -> Response:
    """The quote as a PDF, in the customer's language; with `revision` an earlier version.

    What was sent is printed as it was then, whatever has become of the customer and the letterhead.
    """
    row = await queries.by_id(session, quote_id)
    version: Quote | SentQuote = row
    if revision is None and row.state == QuoteState.DRAFT:
        about = await queries.paper(session, row, clock.today())
    else:
        version = await queries.sent_revision(session, quote_id, revision or row.revision)
        about = await queries.paper_of_sent(session, version)
    content = await asyncio.to_thread(paper.quote_pdf, version, row.number, about)
    headers = {"Content-Disposition": f'inline; filename="{row.number}-{version.revision}.pdf"'}
    return Pdf(content, headers=headers)


settings = APIRouter(tags=["quotes"])
limits = limits_router(QuoteSetting, "quotes", "quotes:read", ("quotes:write", "prices:write"))


@settings.get("/v1/letterhead", dependencies=[READ])
async def read_letterhead(session: Session, response: Response) -> LetterheadOut:
    """Who quotes: what stands at the head and the foot of a quote's pages."""
    found, version = await queries.letterhead(session)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(found))


@settings.put("/v1/letterhead", dependencies=[requires("quotes:write")])
async def declare_letterhead(
    body: Letterhead, session: Session, seen: SeenIfThere, response: Response
) -> LetterheadOut:
    """Declare who quotes."""
    version = await commands.declare_letterhead(session, body, seen.check)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(body))


def _seen(seen: Seen) -> commands.Check:
    return lambda row: seen.check(row.version, _shown(row))


def _shown(row: Quote) -> QuoteOut:
    return QuoteOut.of(row, clock.today())
