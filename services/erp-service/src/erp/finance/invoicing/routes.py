"""HTTP of invoices, credit notes and dunning."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Never, NoReturn
from uuid import UUID

from chassis import batch, clock
from chassis.auth import Principal, requires
from chassis.batch import Batch, BatchResult
from chassis.db import Session
from chassis.errors import Conflict, Malformed
from chassis.pages import Page, Paging
from chassis.patch import parsed
from chassis.preconditions import IdempotentRoute, SeenVersion
from contracts.values import CurrencyCode
from fastapi import APIRouter, Query, Response

from erp.finance.invoicing import commands, paper, queries
from erp.finance.invoicing.schemas import (
    CreditNoteBody,
    CreditNoteFilters,
    CreditNoteOut,
    CreditNotes,
    CreditNoteWithLines,
    DunningLevelsBody,
    DunningLevelsOut,
    DunningRunBody,
    DunningRunOut,
    InvoiceBody,
    InvoiceFilters,
    InvoiceLineOut,
    InvoiceOut,
    InvoiceWithLines,
    Raised,
    ReturnsBody,
    UseBody,
)

INVOICES, CREDIT_NOTES = "/v1/invoices", "/v1/credit-notes"
router = APIRouter(tags=["invoices"], route_class=IdempotentRoute)
READ = requires("invoices:read")
Writer = Annotated[Principal, requires("invoices:write")]


class InvoicesStay(Conflict):
    code = "invoices-stay"
    title = "An invoice that is issued is never changed"
    hint = "Leave the `id` out to issue an invoice; what is wrong with one is put right by a credit note."


class Pdf(Response):
    """A document to print or to send."""

    media_type = "application/pdf"


PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


def _readable(fields: Mapping[str, Any]) -> InvoiceBody | None:
    """The body of an item; None when it is malformed, which its own result will say."""
    try:
        return parsed(InvoiceBody, fields)
    except Malformed:
        return None


def _shown(content: bytes, name: str) -> Response:
    return Pdf(content, headers={"Content-Disposition": f'inline; filename="{name}.pdf"'})


@router.post(INVOICES, status_code=201)
async def issue_invoice(body: InvoiceBody, session: Session, caller: Writer, response: Response) -> InvoiceWithLines:
    """Bill shipments of one customer and currency, or all of an order that is shipped and not billed.

    Due after the days of the customer's payment terms, 30 days without. The invoice is posted, and never changed.
    """
    row = await commands.issue(session, body, caller.subject)
    response.headers["Location"] = f"{INVOICES}/{row.id}"
    return InvoiceWithLines.of(row).tag(response)


@router.post(f"{INVOICES}:batch")
async def issue_invoices(body: Batch[InvoiceBody, Never], session: Session, caller: Writer) -> BatchResult:
    """Issue up to 200 invoices, each item's `body` as for one; each stands or falls alone, and no number is lost."""

    async def prepare() -> None:
        await commands.lock(session, [wanted for item in body.items if (wanted := _readable(item.body))])

    async def stays(*_: object) -> NoReturn:
        raise InvoicesStay()

    return await batch.write(
        session,
        body.items,
        lambda fields: commands.issue(session, parsed(InvoiceBody, fields), caller.subject),
        stays,
        prepare,
    )


@router.get(INVOICES, dependencies=[READ])
async def list_invoices(
    session: Session, paging: Paging, filters: Annotated[InvoiceFilters, Query()]
) -> Page[InvoiceOut]:
    """Invoices in pages, the newest first unless `sort` says otherwise (number, issued_on, due_on, total)."""
    found = queries.search(filters, clock.today())
    return await paging.page(session, found, queries.INVOICE_ORDERS, lambda row: InvoiceOut.of(row[0]))


@router.get(f"{INVOICES}/{{invoice_id}}", dependencies=[READ])
async def read_invoice(invoice_id: UUID, session: Session, response: Response) -> InvoiceWithLines:
    """One invoice with its lines."""
    return InvoiceWithLines.of(await queries.by_id(session, invoice_id)).tag(response)


@router.get(f"{INVOICES}/{{invoice_id}}/lines", dependencies=[READ])
async def read_invoice_lines(invoice_id: UUID, session: Session) -> list[InvoiceLineOut]:
    """The lines of an invoice, in its order; `credited` is how much of each was taken back."""
    row = await queries.by_id(session, invoice_id)
    return [InvoiceLineOut.model_validate(line) for line in row.lines]


@router.get(f"{INVOICES}/{{invoice_id}}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_invoice(invoice_id: UUID, session: Session) -> Response:
    """The invoice as it is sent: in the customer's language and the invoice's currency."""
    row = await queries.by_id(session, invoice_id)
    return _shown(await paper.invoice(session, row), row.number)


@router.post(CREDIT_NOTES, status_code=201)
async def issue_credit_note(
    body: CreditNoteBody, session: Session, caller: Writer, response: Response
) -> CreditNoteWithLines:
    """Take back lines of an invoice; without `lines` all that is left of it, which cancels it.

    Settles the invoice as far as it is open. The rest is credit: use it for another invoice, or pay it back.
    """
    row = await commands.credit(session, body, caller.subject)
    response.headers["Location"] = f"{CREDIT_NOTES}/{row.id}"
    return CreditNoteWithLines.of(row).tag(response)


@router.post(f"{CREDIT_NOTES}:from-returns", status_code=201)
async def credit_returns(body: ReturnsBody, session: Session, caller: Writer) -> CreditNotes:
    """Credit what came back of what was invoiced: one note for each invoice that had billed it."""
    notes = await commands.credit_returns(session, body, caller.subject)
    return CreditNotes(items=[CreditNoteWithLines.of(note) for note in notes])


@router.post(f"{CREDIT_NOTES}/{{credit_note_id}}/use")
async def use_credit(credit_note_id: UUID, body: UseBody, session: Session, caller: Writer) -> CreditNoteOut:
    """Settle another invoice of the customer with what is left of a credit note."""
    return CreditNoteOut.of(await commands.use_credit(session, credit_note_id, body, caller.subject))


@router.get(CREDIT_NOTES, dependencies=[READ])
async def list_credit_notes(
    session: Session, paging: Paging, filters: Annotated[CreditNoteFilters, Query()]
) -> Page[CreditNoteOut]:
    """Credit notes in pages, the newest first unless `sort` says otherwise (number, issued_on)."""
    found = queries.search_credit_notes(filters)
    return await paging.page(session, found, queries.CREDIT_NOTE_ORDERS, lambda row: CreditNoteOut.of(row[0]))


@router.get(f"{CREDIT_NOTES}/{{credit_note_id}}", dependencies=[READ])
async def read_credit_note(credit_note_id: UUID, session: Session, response: Response) -> CreditNoteWithLines:
    """One credit note with its lines."""
    return CreditNoteWithLines.of(await queries.credit_note_by_id(session, credit_note_id)).tag(response)


@router.get(f"{CREDIT_NOTES}/{{credit_note_id}}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_credit_note(credit_note_id: UUID, session: Session) -> Response:
    """The credit note as it is sent: in the customer's language and its currency."""
    row = await queries.credit_note_by_id(session, credit_note_id)
    return _shown(await paper.credit_note(session, row), row.number)


@router.get("/v1/dunning-levels", dependencies=[READ])
async def read_dunning_levels(session: Session, response: Response) -> DunningLevelsOut:
    """From how many days overdue each level holds; 7, 21 and 45 unless the company has declared others."""
    return DunningLevelsOut.of(await queries.dunning_policy(session)).tag(response)


@router.put("/v1/dunning-levels")
async def declare_dunning_levels(
    body: DunningLevelsBody, session: Session, _: Writer, seen: SeenVersion, response: Response
) -> DunningLevelsOut:
    """Declare the levels, up to nine. Levels that invoices have reached stay."""
    policy = await commands.declare_levels(
        session, body.days, lambda row: seen.check(row.version, DunningLevelsOut.of(row))
    )
    return DunningLevelsOut.of(policy).tag(response)


@router.post("/v1/dunning-runs")
async def run_dunning(body: DunningRunBody, session: Session, caller: Writer) -> DunningRunOut:
    """Raise the level of invoices that are overdue long enough, by one at most, and answer which."""
    on = body.on or clock.today()
    return DunningRunOut(on=on, raised=[Raised.of(row, on) for row in await commands.dun(session, on, caller.subject)])


@router.get("/v1/dunning-letters/{customer_id}/{currency}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_dunning_letter(
    customer_id: UUID, currency: CurrencyCode, session: Session, on: date | None = None
) -> Response:
    """A letter that reminds a customer of all invoices in one currency that have a dunning level."""
    day = on or clock.today()
    return _shown(await paper.reminder(session, customer_id, currency, day), f"reminder-{day.isoformat()}")
