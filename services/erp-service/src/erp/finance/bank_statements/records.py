"""Declarations of bank statements."""

from records import READ_ONLY, Record, routes
from sqlalchemy import exists
from sqlalchemy.orm import selectinload

from erp.finance.bank_statements.models import BankStatement, LineState, StatementLine
from erp.finance.bank_statements.schemas import StatementFilters, StatementHead, StatementOut

LINE = exists().where(StatementLine.statement_id == BankStatement.id)
UNDECIDED = LINE.where(StatementLine.state == LineState.PROPOSED)
STATEMENTS = Record(
    "statement",
    path="/v1/bank-statements",
    scope="payments",
    tag="bank-statements",
    row=BankStatement,
    out=StatementOut,
    listed=StatementHead,
    filters=StatementFilters,
    sort=("imported_at", "closed_on"),
    order="-imported_at",
    verbs=READ_ONLY,
    loads=(selectinload(BankStatement.lines),),
    where={
        "payment_id": lambda payment_id: LINE.where(StatementLine.payment_id == payment_id),
        "undecided": lambda wanted: UNDECIDED if wanted else ~UNDECIDED,
    },
)
statements = routes(
    STATEMENTS,
    names={"read": "read_bank_statement"},
    says={
        "list": "Bank statements in pages without their lines, the newest first (imported_at, closed_on).",
        "read": "One bank statement with its lines, and what became of each.",
    },
)
