"""Declarations of the journal."""

from uuid import UUID

from records import READ_ONLY, Record, routes
from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import selectinload

from erp.ledger.models import JournalEntry, JournalLine
from erp.ledger.schemas import EntryFilters, EntryOut

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
