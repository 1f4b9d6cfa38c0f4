"""Leads, contacts and customers that may be the same as a lead, each with a score that is explained."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from chassis.errors import Conflict
from contracts.normalise import name_key
from localisation import label
from pydantic import BaseModel, Field
from rapidfuzz import fuzz
from records import Record
from records.words import by_words
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.records import CUSTOMERS
from crm.sales.leads.models import Lead
from crm.sales.leads.records import LEADS

Compared = Literal["email", "phone", "name", "company"]
POINTS: dict[Compared, int] = {"email": 60, "phone": 40, "name": 30, "company": 30}
HIGHEST = 100
ALIKE_PERCENT = 85
MOST_ROWS, MOST_SHOWN = 50, 10
AnyRecord = Record[Any, Any, Any]


class Match(BaseModel):
    """One equal or similar value."""

    field: Compared
    value: str = Field(description="The value of the candidate.")
    points: int


class LeadDuplicate(BaseModel):
    """A record that may be the same. `score` is the sum of the points, at most 100."""

    kind: Literal["lead", "contact", "customer"]
    id: UUID
    name: str
    href: str
    score: int
    matches: list[Match]


class LeadDuplicates(BaseModel):
    """The candidates, the most similar first."""

    items: list[LeadDuplicate]


class LeadKnown(Conflict):
    code = "lead-known"
    title = "The lead may be a customer or a contact that exists"
    detail = "{name} has the same value: {matched}."
    hint = "Name one of `candidates` as `customer_id` or `contact_id`; or make new records with `allow_duplicate` true."


async def duplicates(session: AsyncSession, row: Lead, scopes: Collection[str]) -> list[LeadDuplicate]:
    """What may be the same as a lead, among the records that these scopes show."""
    compared = [record for record in (LEADS, CONTACTS, CUSTOMERS) if f"{record.scope}:read" in scopes]
    found = [each for record in compared for each in await _alike(session, record, row)]
    return sorted(found, key=lambda each: (-each.score, each.name, each.id))[:MOST_SHOWN]


async def refuse_known(session: AsyncSession, row: Lead, records: Iterable[AnyRecord], scopes: Collection[str]) -> None:
    """Raises `LeadKnown` when one of these records has the e-mail or the phone of the lead."""
    shown = [record for record in records if f"{record.scope}:read" in scopes]
    found = [each for record in shown for each in await _alike(session, record, row)]
    found = [each for each in found if {"email", "phone"} & {match.field for match in each.matches}]
    if found:
        first = max(found, key=lambda each: each.score)
        matched = ", ".join(label(match.field) for match in first.matches)
        raise LeadKnown(name=first.name, matched=matched, candidates=[each.model_dump(mode="json") for each in found])


async def _alike(session: AsyncSession, record: AnyRecord, row: Lead) -> list[LeadDuplicate]:
    table = record.row
    rows: Sequence[Any] = (
        await session.scalars(
            select(table)
            .where(or_(*await _conditions(session, table, row)), table.archived_at.is_(None), table.id != row.id)
            .limit(MOST_ROWS)
        )
    ).all()
    found = [(each, _matches(row, each)) for each in rows]
    return [
        LeadDuplicate(
            kind=record.name,
            id=each.id,
            name=each.name,
            href=f"{record.path}/{each.id}",
            score=min(HIGHEST, sum(match.points for match in matches)),
            matches=matches,
        )
        for each, matches in found
        if matches
    ]


async def _conditions(session: AsyncSession, table: Any, row: Lead) -> list[ColumnElement[bool]]:
    """By indexes: the keys, and all words of the name or of the company."""
    typed = [each for each in (row.name, row.company) if each and name_key(each)]
    found: list[ColumnElement[bool]] = [await by_words(session, table, each) for each in typed]
    if row.email_key:
        found.append(table.email_key == row.email_key)
    if row.phone_e164:
        found.append(table.phone_e164 == row.phone_e164)
    return found


def _matches(row: Lead, other: Any) -> list[Match]:
    keys: dict[Compared, str] = {"email": "email_key", "phone": "phone_e164"}
    found = [
        Match(field=field, value=getattr(other, field), points=POINTS[field])
        for field, key in keys.items()
        if getattr(row, key) and getattr(row, key) == getattr(other, key)
    ]
    names = [each for each in (other.name, getattr(other, "company", None)) if each]
    mine: dict[Compared, str | None] = {"name": row.name, "company": row.company}
    for field, own in mine.items():
        alike, theirs = max(((_percent(own or "", each), each) for each in names), default=(0, ""))
        if alike >= ALIKE_PERCENT:
            found.append(Match(field=field, value=theirs, points=POINTS[field] * alike // 100))
    return found


def _percent(mine: str, theirs: str) -> int:
    one, other = name_key(mine), name_key(theirs)
    return int(fuzz.token_sort_ratio(one, other)) if one and other else 0
