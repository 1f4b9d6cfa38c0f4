"""HTTP of quotes."""

import asyncio
from typing import Annotated
from uuid import UUID

from chassis import clock
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import IdempotentRoute, SeenIfThere, etag
from documents import PDF, Pdf
from fastapi import APIRouter, Body, Response
from lines.discounts.routes import limits_router
from records import answered, reads, routes

from crm.catalogue.products.models import QuoteSetting
from crm.sales.quotes import commands, paper, queries
from crm.sales.quotes.models import Quote, SentQuote
from crm.sales.quotes.records import QUOTES
from crm.sales.quotes.rules import Letterhead, QuoteState
from crm.sales.quotes.schemas import Accept, Decline, LetterheadOut, QuoteOut, Revise, SentList, SentOut

READ, WRITE = requires("quotes:read"), requires("quotes:write")
Writer = Annotated[Principal, WRITE]
OrderWriter = Annotated[Principal, requires("quotes:write", "orders:write")]
quotes = routes(
    QUOTES,
    create=commands.create,
    change=commands.change,
    with_roles=True,
    says={
        "create": "Enter a quote; prices and tax rates that you leave out are the catalogue's of today.",
        "change": "Change the fields of a draft that are named; `lines` are replaced as a whole.",
    },
)
router = APIRouter(prefix="/v1/quotes", tags=["quotes"], route_class=IdempotentRoute)


@router.post("/{quote_id}/send")
async def send_quote(quote_id: UUID, session: Session, caller: Writer, response: Response) -> QuoteOut:
    """Fix this version: from here on the customer has it. Your role limits the discounts."""
    return await answered(session, QUOTES, await commands.send(session, quote_id, caller.roles), response)


@router.post("/{quote_id}/accept")
async def accept_quote(
    quote_id: UUID, body: Accept, session: Session, caller: OrderWriter, response: Response
) -> QuoteOut:
    """The customer says yes: the order is made, and handed to the ERP, in this one step."""
    return await answered(session, QUOTES, await commands.accept(session, quote_id, body, caller.subject), response)


@router.post("/{quote_id}/decline", dependencies=[WRITE])
async def decline_quote(quote_id: UUID, body: Decline, session: Session, response: Response) -> QuoteOut:
    """The customer says no."""
    return await answered(session, QUOTES, await commands.decline(session, quote_id, body.reason), response)


@router.post("/{quote_id}/revise", dependencies=[WRITE])
async def revise_quote(
    quote_id: UUID, session: Session, response: Response, body: Annotated[Revise | None, Body()] = None
) -> QuoteOut:
    """Begin a new version from the one that was sent; that one stays readable."""
    valid_until = body.valid_until if body else None
    return await answered(session, QUOTES, await commands.revise(session, quote_id, valid_until), response)


@router.get("/{quote_id}/versions", dependencies=[READ])
async def list_quote_versions(quote_id: UUID, session: Session) -> SentList:
    """Every version that was sent, the newest first."""
    await reads.by_id(session, QUOTES, quote_id)
    return SentList(items=[SentOut.of(row) for row in await queries.sent(session, quote_id)])


@router.get("/{quote_id}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def read_quote_pdf(quote_id: UUID, session: Session, revision: int | None = None) -> Response:
    """The quote as a PDF, in the customer's language; with `revision` an earlier version.

    What was sent is printed as it was then, whatever has become of the customer and the letterhead.
    """
    row = await reads.by_id(session, QUOTES, quote_id)
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
routers = (quotes, router, limits, settings)


@settings.get("/v1/letterhead", dependencies=[READ])
async def read_letterhead(session: Session, response: Response) -> LetterheadOut:
    """Who quotes: what stands at the head and the foot of a quote's pages."""
    found, version = await queries.letterhead(session)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(found))


@settings.put("/v1/letterhead", dependencies=[WRITE])
async def declare_letterhead(
    body: Letterhead, session: Session, seen: SeenIfThere, response: Response
) -> LetterheadOut:
    """Declare who quotes."""
    version = await commands.declare_letterhead(session, body, seen.check)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(body))
