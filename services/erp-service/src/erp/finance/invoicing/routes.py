"""HTTP of invoices, credit notes and dunning."""

from datetime import date
from typing import Annotated, NoReturn
from uuid import UUID

from chassis import clock
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Conflict
from chassis.preconditions import IdempotentRoute, SeenVersion
from contracts.values import CurrencyCode
from documents import PDF, Pdf
from fastapi import APIRouter, Response
from records import ActionRouter, answered, reads, routes

from erp.finance.invoicing import commands, paper, queries
from erp.finance.invoicing.records import CREDIT_NOTES, INVOICES
from erp.finance.invoicing.schemas import (
    CreditNotes,
    CreditNoteWithLines,
    DunningLevelsBody,
    DunningLevelsOut,
    DunningRunBody,
    DunningRunOut,
    InvoiceLineOut,
    InvoiceWithLines,
    Raised,
    ReturnsBody,
    UseBody,
)

router = APIRouter(tags=["invoices"], route_class=IdempotentRoute)
actions = ActionRouter(CREDIT_NOTES)
READ = requires("invoices:read")
Writer = Annotated[Principal, requires("invoices:write")]


class InvoicesStay(Conflict):
    code = "invoices-stay"
    title = "An invoice that is issued is never changed"
    hint = "Omit the `id` to issue an invoice; errors are corrected by a credit note."


def _shown(content: bytes, name: str) -> Response:
    return Pdf(content, headers={"Content-Disposition": f'inline; filename="{name}.pdf"'})


async def _stays(*_: object) -> NoReturn:
    raise InvoicesStay()


invoices = routes(
    INVOICES,
    create=commands.issue,
    change=_stays,
    lock_all=commands.lock_all,
    names={"create": "issue_invoice", "batch": "issue_invoices"},
    says={
        "create": (
            "Bill shipments of one customer and currency, or all unbilled shipments of an order.\n\nThe due date "
            "follows the customer's payment terms, by default 30 days. The invoice is posted, and never changed."
        ),
        "batch": (
            "Issue up to 200 invoices, each item's `body` as for one; each succeeds or fails alone, and the "
            "numbers have no gaps."
        ),
        "read": "One invoice with its lines.",
    },
)
credit_notes = routes(
    CREDIT_NOTES,
    create=commands.credit,
    names={"create": "issue_credit_note"},
    says={
        "create": (
            "Credit lines of an invoice; without `lines` its whole rest, which cancels it.\n\nSettles the open "
            "part of the invoice. The rest is credit: use it for another invoice, or pay it back."
        ),
        "read": "One credit note with its lines.",
    },
)
routers = (invoices, credit_notes, actions, router)


@router.get(f"{INVOICES.path}/{{invoice_id}}/lines", dependencies=[READ])
async def read_invoice_lines(invoice_id: UUID, session: Session) -> list[InvoiceLineOut]:
    """The lines of an invoice, in its order; `credited` is the credited quantity of each."""
    row = await reads.by_id(session, INVOICES, invoice_id)
    return InvoiceWithLines.of(row).lines


@router.get(f"{INVOICES.path}/{{invoice_id}}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_invoice(invoice_id: UUID, session: Session) -> Response:
    """The invoice as a PDF, in the customer's language and the invoice's currency."""
    row = await reads.by_id(session, INVOICES, invoice_id)
    return _shown(await paper.invoice(session, row), row.number)


@router.post(f"{CREDIT_NOTES.path}:from-returns", status_code=201)
async def credit_returns(body: ReturnsBody, session: Session, caller: Writer) -> CreditNotes:
    """Credit the invoiced part of returns: one credit note for each invoice."""
    notes = await commands.credit_returns(session, body, caller.subject)
    return CreditNotes(items=[CreditNoteWithLines.of(note) for note in notes])


@actions.post("/{credit_note_id}/use")
async def use_credit(
    credit_note_id: UUID, body: UseBody, session: Session, caller: Writer, response: Response
) -> CreditNoteWithLines:
    """Settle another invoice of the customer with the rest of a credit note."""
    row = await commands.use_credit(session, credit_note_id, body, caller.subject)
    return await answered(session, CREDIT_NOTES, row, response)


@router.get(f"{CREDIT_NOTES.path}/{{credit_note_id}}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_credit_note(credit_note_id: UUID, session: Session) -> Response:
    """The credit note as a PDF, in the customer's language and its currency."""
    row = await reads.by_id(session, CREDIT_NOTES, credit_note_id)
    return _shown(await paper.credit_note(session, row), row.number)


@router.get("/v1/dunning-levels", dependencies=[READ])
async def read_dunning_levels(session: Session, response: Response) -> DunningLevelsOut:
    """The days overdue of each level; 7, 21 and 45 unless the company has declared others."""
    return DunningLevelsOut.of(await queries.dunning_policy(session)).tag(response)


@router.put("/v1/dunning-levels")
async def declare_dunning_levels(
    body: DunningLevelsBody, session: Session, _: Writer, seen: SeenVersion, response: Response
) -> DunningLevelsOut:
    """Declare the levels, up to nine. Reached levels of invoices stay."""
    policy = await commands.declare_levels(
        session, body.days, lambda row: seen.check(row.version, DunningLevelsOut.of(row))
    )
    return DunningLevelsOut.of(policy).tag(response)


@router.post("/v1/dunning-runs")
async def run_dunning(body: DunningRunBody, session: Session, caller: Writer) -> DunningRunOut:
    """Raise the level of invoices that are overdue long enough, by at most one; returns them."""
    on = body.on or clock.today()
    return DunningRunOut(on=on, raised=[Raised.of(row, on) for row in await commands.dun(session, on, caller.subject)])


@router.get("/v1/dunning-letters/{customer_id}/{currency}/pdf", dependencies=[READ], response_class=Pdf, responses=PDF)
async def print_dunning_letter(
    customer_id: UUID, currency: CurrencyCode, session: Session, on: date | None = None
) -> Response:
    """A letter that reminds a customer of all dunned invoices in one currency."""
    day = on or clock.today()
    return _shown(await paper.reminder(session, customer_id, currency, day), f"reminder-{day.isoformat()}")
