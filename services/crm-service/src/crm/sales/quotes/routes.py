"""HTTP of quotes."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import SeenIfThere, etag
from documents import PDF, Pdf
from fastapi import APIRouter, Body, Response
from lines.discounts.routes import limits_router
from records import ActionRouter, answered, reads, routes
from templates import templates_router

from crm.catalogue.products.models import QuoteSetting
from crm.sales.deals.records import DEALS
from crm.sales.quotes import commands, paper, queries
from crm.sales.quotes.records import QUOTES
from crm.sales.quotes.rules import Letterhead
from crm.sales.quotes.schemas import Accept, Decline, LetterheadOut, QuoteOfDeal, QuoteOut, Revise, SentList, SentOut

READ, WRITE = requires("quotes:read"), requires("quotes:write")
Writer = Annotated[Principal, WRITE]
DealWriter = Annotated[Principal, requires("deals:write", "quotes:write")]
OrderWriter = Annotated[Principal, requires("quotes:write", "orders:write")]
quotes = routes(
    QUOTES,
    create=commands.create,
    change=commands.change,
    with_roles=True,
    says={
        "create": "Enter a quote; omitted prices and tax rates are today's of the catalogue.",
        "change": "Change the given fields of a draft; `lines` are replaced as a whole.",
    },
)
router = ActionRouter(QUOTES)


@router.post("/{quote_id}/send")
async def send_quote(quote_id: UUID, session: Session, caller: Writer, response: Response) -> QuoteOut:
    """Freeze this version and mark it as sent. The caller's roles limit the discounts."""
    return await answered(session, QUOTES, await commands.send(session, quote_id, caller.roles), response)


@router.post("/{quote_id}/accept")
async def accept_quote(
    quote_id: UUID, body: Accept, session: Session, caller: OrderWriter, response: Response
) -> QuoteOut:
    """Accept the quote: the order is created, and submitted to the ERP on request, in one step."""
    return await answered(session, QUOTES, await commands.accept(session, quote_id, body, caller.subject), response)


@router.post("/{quote_id}/decline", dependencies=[WRITE])
async def decline_quote(quote_id: UUID, body: Decline, session: Session, response: Response) -> QuoteOut:
    """Decline the quote."""
    return await answered(session, QUOTES, await commands.decline(session, quote_id, body.reason), response)


@router.post("/{quote_id}/revise", dependencies=[WRITE])
async def revise_quote(
    quote_id: UUID, session: Session, response: Response, body: Annotated[Revise | None, Body()] = None
) -> QuoteOut:
    """Create a new version from the sent one, which stays readable."""
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

    A sent version is printed with the data of that day, independent of later changes of the customer and the
    letterhead.
    """
    found = await paper.quote_pdf(session, quote_id, revision)
    return Pdf(found.content, headers={"Content-Disposition": f'inline; filename="{found.name}"'})


of_deals = ActionRouter(DEALS, QUOTES)


@of_deals.post("/{deal_id}/quote", status_code=201)
async def quote_deal(
    deal_id: UUID, body: QuoteOfDeal, session: Session, caller: DealWriter, response: Response
) -> QuoteOut:
    """Enter a quote with the customer, the contact and the lines of a deal; the tax rates are today's of the catalogue.

    The caller's roles limit the discounts.
    """
    row = await commands.of_deal(session, deal_id, body, caller.subject, caller.roles)
    response.headers["Location"] = f"{QUOTES.path}/{row.id}"
    return await answered(session, QUOTES, row, response)


settings = APIRouter(tags=["quotes"])
LIMITS_WRITERS = ("quotes:write", "prices:write")
limits = limits_router(QuoteSetting, "quotes", "quotes:read", LIMITS_WRITERS)
templates = templates_router([paper.QUOTE], "quotes:read")
routers = (quotes, router, of_deals, limits, settings, templates)


@settings.get("/v1/letterhead", dependencies=[READ])
async def read_letterhead(session: Session, response: Response) -> LetterheadOut:
    """The letterhead: the header and the footer of a quote's pages."""
    found, version = await queries.letterhead(session)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(found))


@settings.put("/v1/letterhead", dependencies=[WRITE])
async def declare_letterhead(
    body: Letterhead, session: Session, seen: SeenIfThere, response: Response
) -> LetterheadOut:
    """Declare the letterhead."""
    version = await commands.declare_letterhead(session, body, seen.check)
    response.headers["ETag"] = etag(version)
    return LetterheadOut(version=version, **dict(body))
