"""Declarations of accounts, months and the journal."""

from uuid import UUID

from records import LIST_ONLY, READ_ONLY, Record, States, routes
from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import selectinload

from erp.ledger.models import Account, JournalEntry, JournalLine, Month
from erp.ledger.rules import STEPS, PeriodState
from erp.ledger.schemas import (
    AccountBody,
    AccountFilters,
    AccountOut,
    EntryFilters,
    EntryOut,
    PeriodFilters,
    PeriodOut,
)

CLOSE = "ledger:close"
"""The scope to close and to reopen months."""
ACCOUNTS = Record(
    "account",
    scope="ledger",
    tag="ledger",
    row=Account,
    body=AccountBody,
    out=AccountOut,
    filters=AccountFilters,
    sort=("number", "name"),
    verbs=("create", *READ_ONLY),
)
PERIODS = Record(
    "period",
    scope="ledger",
    tag="ledger",
    row=Month,
    out=PeriodOut,
    filters=PeriodFilters,
    sort=("month",),
    order="-month",
    ties="month",
    verbs=LIST_ONLY,
    writes=CLOSE,
    actions={"close": (), "reopen": ()},
    allows=States(STEPS, lambda row: row.state),
    where={
        "state": lambda state: Month.closed_at.is_(None) if state is PeriodState.OPEN else Month.closed_at.is_not(None),
        "since": lambda day: Month.month >= day,
        "until": lambda day: Month.month <= day,
    },
)

LINE = exists().where(JournalLine.entry_id == JournalEntry.id)


def _line_of(account_id: UUID, party_id: UUID | None) -> ColumnElement[bool]:
    """The account and the party must match on the same line."""
    found = LINE.where(JournalLine.account_id == account_id)
    return found if party_id is None else found.where(JournalLine.party_id == party_id)


ENTRIES = Record(
    "entry",
    path="/v1/journal-entries",
    scope="ledger",
    tag="ledger",
    row=JournalEntry,
    out=EntryOut,
    filters=EntryFilters,
    sort=("position", "posted_on"),
    order="-position",
    ties="position",
    verbs=READ_ONLY,
    loads=(selectinload(JournalEntry.lines),),
    where={
        "since": lambda day: JournalEntry.posted_on >= day,
        "until": lambda day: JournalEntry.posted_on <= day,
        "party_id": lambda party_id: LINE.where(JournalLine.party_id == party_id),
        ("account_id", "party_id"): _line_of,
    },
)
entries = routes(
    ENTRIES,
    names={"list": "list_entries"},
    says={
        "list": "The journal, the newest entry first unless `sort` says otherwise (position, posted_on).",
        "read": "One entry with its lines.",
    },
)
periods = routes(
    PERIODS,
    says={
        "list": "The months with postings or closings, and the current one, the latest first. All others are open too."
    },
)
