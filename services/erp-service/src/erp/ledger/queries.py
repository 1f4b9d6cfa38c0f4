"""Named reads of the ledger."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import gather
from chassis.pages import Sorting
from sqlalchemy import ColumnElement, Select, exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger.models import Account, Company, JournalEntry, JournalLine, Month
from erp.ledger.rules import AccountRole
from erp.ledger.schemas import StatementFilters

AMOUNT = JournalLine.amount
ONE_AT_A_TIME = text("""
    select pg_advisory_xact_lock(hashtextextended('receivable' || current_setting('app.tenant', true) || :customer, 0))
""")


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """The sums of an account in one currency; `balance` is debit less credit."""

    account_id: UUID
    number: str
    name: str
    kind: str
    role: str | None
    currency: str
    debit: Decimal
    credit: Decimal
    balance: Decimal


async def company(session: AsyncSession) -> Company:
    """The company's data; until it is written, the defaults (EUR), with version 0."""

    async def read() -> Company:
        return await session.scalar(select(Company)) or Company.unwritten()

    return await gather.once(session, "company", read)


async def balance(
    session: AsyncSession, role: str, currency: str, party_id: UUID | None = None, until: date | None = None
) -> Decimal:
    """Debit less credit of the account with this role, for all parties or one, up to and including `until`."""
    statement = select(func.coalesce(func.sum(AMOUNT), 0)).where(*_of_role(role, currency))
    if party_id is not None:
        statement = statement.where(JournalLine.party_id == party_id)
    if until is not None:
        statement = statement.join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        statement = statement.where(JournalEntry.posted_on <= until)
    return Decimal(await session.scalar(statement) or 0)


async def receivables(session: AsyncSession, party_ids: Collection[UUID]) -> dict[tuple[UUID, str], Decimal]:
    """The receivables of these customers, by currency; one without postings is omitted."""
    account_id = select(Account.id).where(Account.role == AccountRole.RECEIVABLES).scalar_subquery()
    statement = (
        select(JournalLine.party_id, JournalLine.currency, func.sum(JournalLine.amount))
        .where(JournalLine.account_id == account_id, JournalLine.party_id.in_(party_ids))
        .group_by(JournalLine.party_id, JournalLine.currency)
    )
    found = await session.execute(statement)
    return {(party_id, currency): total for party_id, currency, total in found if party_id}


async def balances_by_party(session: AsyncSession, role: str, currency: str) -> dict[UUID, Decimal]:
    """Debit less credit per party, zero balances included; lines without a party are omitted."""
    of_party = (*_of_role(role, currency), JournalLine.party_id.is_not(None))
    statement = select(JournalLine.party_id, func.sum(AMOUNT)).where(*of_party).group_by(JournalLine.party_id)
    return {party_id: total for party_id, total in (await session.execute(statement)) if party_id}


def _of_role(role: str, currency: str) -> tuple[ColumnElement[bool], ...]:
    account_id = select(Account.id).where(Account.role == role).scalar_subquery()
    return JournalLine.account_id == account_id, JournalLine.currency == currency


async def trial_balance(session: AsyncSession, until: date | None = None) -> Sequence[AccountBalance]:
    """Every account with postings, per currency; debit and credit are equal in each currency."""
    nothing = Decimal(0)
    statement = (
        select(
            Account.id,
            Account.number,
            Account.name,
            Account.kind,
            Account.role,
            JournalLine.currency,
            func.coalesce(func.sum(AMOUNT).filter(AMOUNT > 0), nothing),
            func.coalesce(-func.sum(AMOUNT).filter(AMOUNT < 0), nothing),
            func.sum(AMOUNT),
        )
        .join(Account, Account.id == JournalLine.account_id)
        .group_by(Account.id, JournalLine.currency)
        .order_by(Account.number, JournalLine.currency)
    )
    if until is not None:
        statement = statement.join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        statement = statement.where(JournalEntry.posted_on <= until)
    return [AccountBalance(*row) for row in (await session.execute(statement))]


async def receivable_lock(session: AsyncSession, customer_id: UUID) -> None:
    """Lock a customer's receivables: decisions on its credit and changes of it are serialised."""
    locking = {"customer": str(customer_id)}
    await gather.once(session, ("receivable", customer_id), lambda: session.execute(ONE_AT_A_TIME, locking))


async def anything_posted(session: AsyncSession) -> bool:
    return bool(await session.scalar(select(exists().select_from(JournalEntry))))


def statement_of(account_id: UUID, filters: StatementFilters) -> tuple[Select[Any], Sorting]:
    """The lines of an account in the order of their dates, each with the balance after it; and the sort keys.

    The balance includes lines before `since`, and with a party only its lines.
    """
    order = (JournalEntry.posted_on, JournalEntry.position, JournalLine.position)
    lines = (
        select(
            JournalEntry.id.label("entry_id"),
            JournalEntry.posted_on,
            (JournalEntry.position * 100_000 + JournalLine.position).label("place"),
            JournalEntry.rule,
            JournalEntry.source_kind,
            JournalEntry.source_id,
            JournalEntry.text,
            JournalLine.party_id,
            JournalLine.currency,
            AMOUNT,
            func.sum(AMOUNT).over(partition_by=JournalLine.currency, order_by=order).label("balance"),
        )
        .join(JournalEntry, JournalEntry.id == JournalLine.entry_id)
        .where(JournalLine.account_id == account_id)
    )
    equal = {JournalLine.currency: filters.currency, JournalLine.party_id: filters.party_id}
    lines = lines.where(*(column == value for column, value in equal.items() if value is not None))
    if filters.until is not None:
        lines = lines.where(JournalEntry.posted_on <= filters.until)
    found = lines.subquery()
    statement = select(found)
    if filters.since is not None:
        statement = statement.where(found.c.posted_on >= filters.since)
    return statement, Sorting({"posted_on": found.c.posted_on}, found.c.place, "posted_on")


async def month(session: AsyncSession, first_day: date) -> Month:
    """One of the months, as it is now."""
    statement = select(Month).where(Month.month == first_day).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one()
