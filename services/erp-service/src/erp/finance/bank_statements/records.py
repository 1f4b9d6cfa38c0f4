"""Declarations of bank statements."""

from collections.abc import Sequence

from chassis.db import caller_of
from records import READ_ONLY, Record, routes
from sqlalchemy import exists
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.finance.bank_statements.models import BankStatement, LineState, StatementLine
from erp.finance.bank_statements.schemas import StatementFilters, StatementHead, StatementOut
from erp.finance.payments.records import BANK_ACCOUNTS, PAYMENTS

LINE = exists().where(StatementLine.statement_id == BankStatement.id)
UNDECIDED = LINE.where(StatementLine.state == LineState.PROPOSED)


async def _for_caller(session: AsyncSession, rows: Sequence[BankStatement]) -> Sequence[StatementOut]:
    caller = caller_of(session)
    return [StatementOut.for_caller(row, caller) for row in rows]


STATEMENTS = Record(
    "statement",
    path="/v1/bank-statements",
    scope="payments",
    tag="bank-statements",
    row=BankStatement,
    out=StatementOut,
    listed=StatementHead,
    shown=_for_caller,
    filters=StatementFilters,
    sort=("imported_at", "closed_on"),
    order="-imported_at",
    verbs=READ_ONLY,
    loads=(selectinload(BankStatement.lines),),
    expands={"bank_account_id": BANK_ACCOUNTS, "lines.payment_id": PAYMENTS},
    where={
        "payment_id": lambda payment_id: LINE.where(StatementLine.payment_id == payment_id),
        "undecided": lambda wanted: UNDECIDED if wanted else ~UNDECIDED,
    },
)
statements = routes(
    STATEMENTS,
    names={"read": "read_bank_statement"},
    says={
        "list": "Bank statements in pages without their lines, the newest import first (imported_at, closed_on).",
        "read": "One bank statement with its lines, and the decision on each.",
    },
)
