"""HTTP of bank statements."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import Malformed
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Query, Request, Response
from localisation import Phrase
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.bank_statements import queries
from erp.finance.bank_statements.commands import deciding, importing
from erp.finance.bank_statements.records import statements
from erp.finance.bank_statements.schemas import (
    CsvLayout,
    IgnoreBody,
    LineAssignBody,
    LineOut,
    StatementOut,
    TakenIn,
)
from erp.finance.bank_statements.statements.camt import read_camt
from erp.finance.bank_statements.statements.delimited import Layout, read_csv
from erp.finance.bank_statements.statements.movements import ReadStatement, unreadable
from erp.finance.payments.models import BankAccount
from erp.finance.payments.records import BANK_ACCOUNTS

router = APIRouter(prefix="/v1/bank-statements", tags=["bank-statements"], route_class=IdempotentRoute)
routers = (statements, router)
Writer = Annotated[Principal, requires("payments:write")]
XML = ("application/xml", "text/xml")
CSV = ("text/csv", "application/csv")
FILE = {
    "required": True,
    "description": "CAMT.053 of any version; or CSV in UTF-8, with `bank_account_id` and `columns` in the address.",
    "content": {name: {"schema": {"type": "string"}} for name in (XML[0], CSV[0])},
}


@router.post("", status_code=201, openapi_extra={"requestBody": FILE})
async def import_bank_statement(
    request: Request, session: Session, caller: Writer, layout: Annotated[CsvLayout, Query()], response: Response
) -> TakenIn:
    """Import a bank statement. A sure match becomes a payment; other lines wait as proposals for a person.

    200 instead of 201 when all lines were known already.
    """
    account = await _named_account(session, layout)
    statements = _read(await request.body(), request.headers.get("content-type", ""), layout, account)
    taken, new_lines = await importing.take_in(session, statements, caller.subject, account)
    if not new_lines:
        response.status_code = 200
    return TakenIn(items=[StatementOut.for_caller(each, caller) for each in taken], new_lines=new_lines)


@router.post("/{statement_id}/lines/{line_id}/accept")
async def accept_line(statement_id: UUID, line_id: UUID, session: Session, caller: Writer) -> LineOut:
    """Carry out the proposal of a line."""
    await queries.line_of(session, statement_id, line_id)
    return LineOut.of(await deciding.accept(session, line_id, caller.subject), caller)


@router.post("/{statement_id}/lines/{line_id}/assign")
async def assign_line(
    statement_id: UUID, line_id: UUID, body: LineAssignBody, session: Session, caller: Writer
) -> LineOut:
    """Assign a line to a payment or a customer."""
    await queries.line_of(session, statement_id, line_id)
    return LineOut.of(await deciding.assign(session, line_id, body, caller.subject), caller)


@router.post("/{statement_id}/lines/{line_id}/ignore")
async def ignore_line(statement_id: UUID, line_id: UUID, body: IgnoreBody, session: Session, caller: Writer) -> LineOut:
    """Mark a line as no payment of a customer: a fee, an internal transfer."""
    await queries.line_of(session, statement_id, line_id)
    return LineOut.of(await deciding.ignore(session, line_id, body.reason, caller.subject), caller)


async def _named_account(session: AsyncSession, layout: CsvLayout) -> BankAccount | None:
    return None if layout.bank_account_id is None else await reads.by_id(session, BANK_ACCOUNTS, layout.bank_account_id)


def _read(content: bytes, content_type: str, layout: CsvLayout, account: BankAccount | None) -> list[ReadStatement]:
    """The statements of a file. Raises `StatementUnreadable`, `Malformed`."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in XML:
        return read_camt(content)
    if kind not in CSV:
        raise unreadable(
            Phrase("{kind!r} is not a supported type: application/xml or text/csv", kind=kind or "nothing"),
            "Content-Type",
        )
    if account is None:
        raise Malformed(errors=[{"field": "bank_account_id", "message": "a CSV file does not contain its account"}])
    comma = layout.decimal == ","
    return [read_csv(content, Layout(account.currency, layout.columns, layout.date_format, comma))]
