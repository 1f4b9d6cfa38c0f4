"""Commands that write the ledger."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from chassis import clock, gather
from chassis.announced import announce_once
from chassis.db import uuid7
from chassis.errors import Conflict, about_one_of
from contracts.money import amount_text
from records import reads
from sqlalchemy import Select, exists, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from erp.ledger import queries
from erp.ledger.events import JOURNAL_ENTRY
from erp.ledger.models import Account, Company, JournalEntry, JournalLine, Period
from erp.ledger.records import ENTRIES
from erp.ledger.rules import DEFAULT_CHART, MANUAL, STEPS, PeriodState, Source, lines_of, month_of
from erp.ledger.schemas import AccountBody, CompanyBody, EntryBody, sides

PERIOD_KEY = "hashtextextended('period' || current_setting('app.tenant', true) || :month, 0)"
POSTING_INTO = text(f"select pg_advisory_xact_lock_shared({PERIOD_KEY})")
CHANGING_PERIOD = text(f"select pg_advisory_xact_lock({PERIOD_KEY})")


class PeriodClosed(Conflict):
    code = "period-closed"
    title = "The month is closed"
    detail = "{month} is closed: nothing can be posted on {posted_on}."
    hint = "Use a date in an open month, or reopen this one: POST /v1/periods/{month}/reopen."


class PeriodStepForbidden(Conflict):
    code = "period-step-forbidden"
    title = "The month is in that state already"
    detail = "{month} is {state}."


class EntryNotBalanced(Conflict):
    code = "entry-not-balanced"
    title = "Debit and credit are not equal"
    detail = "Debit is {debit}, credit {credit}."
    hint = "Correct the lines, and send the entry again."


class NoSuchAccount(Conflict):
    code = "no-such-account"
    part = "account_id"
    title = "There is no such account"
    detail = "There is no account with the id {account_id}."
    hint = "GET /v1/accounts lists the accounts."


class AccountNumberTaken(Conflict):
    code = "account-number-taken"
    title = "Another account has that number"
    detail = "{number} is already the number of account {id}."
    hint = "Choose another number."


class CurrencyFixed(Conflict):
    code = "currency-fixed"
    title = "The company's currency can no longer change"
    detail = "It is {currency}, and entries have been posted."
    hint = "Keep the currency; documents may have any currency."


class Heading(NamedTuple):
    """The header of an entry."""

    rule: str
    source_kind: str
    source_id: UUID
    posted_on: date
    text: str
    actor: str


class Posting(NamedTuple):
    """One line to be inserted."""

    account_id: UUID
    account: str
    amount: Decimal
    party_id: UUID | None


async def post(
    session: AsyncSession,
    rule: str,
    *,
    on: date,
    currency: str,
    amounts: Mapping[str, Decimal],
    source: Source,
    actor: str,
    party_id: UUID | None = None,
    text: str = "",
) -> UUID | None:
    """Post the entry that the rule derives from these amounts; returns its id, or None when all amounts are zero.

    Once per source and rule: a repeated call returns the first entry, also when its month has been closed since. Raises
    `PeriodClosed`; `UnknownRule` and `WrongAmounts` are bugs of the caller. Takes only a shared lock on the month, so
    postings do not wait for each other; closing the month waits for this transaction.
    """
    lines = lines_of(rule, amounts, currency)
    if not lines:
        return None
    heading = Heading(rule, source.kind, source.id, on, text, actor)
    first, by_role = await _admitted(session, heading)
    if first is not None:
        return first
    postings = [Posting(*by_role[line.role], line.amount, party_id if line.of_party else None) for line in lines]
    return await _append(session, heading, currency, postings)


async def enter(session: AsyncSession, body: EntryBody, actor: str) -> JournalEntry:
    """Post a manual entry. Raises `EntryNotBalanced`, `NoSuchAccount`, `PeriodClosed`."""
    debit, credit = (sum((getattr(line, side) for line in body.lines), Decimal(0)) for side in ("debit", "credit"))
    if debit != credit:
        raise EntryNotBalanced(debit=debit, credit=credit, field="lines")
    with about_one_of("lines", [line.account_id for line in body.lines]):
        numbers = await _numbers(session, {line.account_id for line in body.lines})
    heading = Heading(MANUAL, MANUAL, uuid7(), body.posted_on, body.text, actor)
    await _admitted(session, heading)
    postings = [Posting(line.account_id, numbers[line.account_id], line.amount, line.party_id) for line in body.lines]
    return await reads.by_id(session, ENTRIES, await _append(session, heading, body.currency, postings))


async def _numbers(session: AsyncSession, account_ids: set[UUID]) -> dict[UUID, str]:
    found = await session.execute(select(Account.id, Account.number).where(Account.id.in_(account_ids)))
    known: dict[UUID, str] = dict(found.all())
    for account_id in sorted(account_ids - known.keys()):
        raise NoSuchAccount(account_id=account_id)
    return known


class Open(NamedTuple):
    """A month that is locked against closing until this transaction ends; its state, and the accounts by role."""

    closed: bool
    by_role: dict[str, tuple[UUID, str]]


async def _admitted(session: AsyncSession, heading: Heading) -> tuple[UUID | None, dict[str, tuple[UUID, str]]]:
    """The entry that the source has in a closed month, and the accounts by role. Raise `PeriodClosed` for a new one."""
    month = heading.posted_on.replace(day=1)
    closed, by_role = await gather.once(session, ("month", month), lambda: _open(session, month))
    first = await session.scalar(_first(heading)) if closed else None
    if closed and first is None:
        raise PeriodClosed(month=month_of(month), posted_on=heading.posted_on)
    return first, by_role


async def _open(session: AsyncSession, month: date) -> Open:
    """Lock the month against closing. Its state is read by a separate statement after the lock, so it includes what the
    previous holder committed.
    """
    await session.execute(POSTING_INTO, {"month": month.isoformat()})
    month_closed = exists().where(Period.month == month, Period.closed_at.is_not(None))
    standing = select(Account.role, Account.id, Account.number, month_closed).where(Account.role.is_not(None))
    found = (await session.execute(standing)).all()
    if not found:
        await chart(session)
        found = (await session.execute(standing)).all()
    return Open(found[0][3], {role: (account_id, number) for role, account_id, number, _ in found if role})


async def _append(session: AsyncSession, heading: Heading, currency: str, postings: Sequence[Posting]) -> UUID:
    """Insert the entry, unless the source already has one: then return that one."""
    entry_id = uuid7()
    row = {"id": entry_id, **heading._asdict(), "line_count": len(postings)}
    lines = [
        {
            "position": place,
            "account_id": p.account_id,
            "currency": currency,
            "amount": p.amount,
            "party_id": p.party_id,
        }
        for place, p in enumerate(postings, start=1)
    ]
    if gather.gathering(session):
        # An existing entry fails the whole insert of the gathered items; then each item is inserted alone.
        session.add(JournalEntry(**row))
        session.add_all(JournalLine(entry_id=entry_id, **line) for line in lines)
        _announce(session, entry_id, heading, currency, postings)
        return entry_id
    statement = upsert(JournalEntry).values(**row).on_conflict_do_nothing().returning(JournalEntry.id)
    written = await session.scalar(statement)
    if written is None:  # A concurrent transaction may have inserted it: the insert has waited for its end.
        return (await session.scalars(_first(heading))).one()
    await session.execute(insert(JournalLine), [{"entry_id": written, **line} for line in lines])
    _announce(session, written, heading, currency, postings)
    return written


def _announce(
    session: AsyncSession, entry_id: UUID, heading: Heading, currency: str, postings: Sequence[Posting]
) -> None:
    lines = [
        {
            "account_id": str(posting.account_id),
            "account": posting.account,
            "currency": currency,
            **{side: amount_text(amount) for side, amount in sides(posting.amount).items()},
            "party_id": str(posting.party_id) if posting.party_id else None,
        }
        for posting in postings
    ]
    said = heading._asdict()
    plain = {"source_id": str(heading.source_id), "posted_on": heading.posted_on.isoformat(), "lines": lines}
    announce_once(session, JOURNAL_ENTRY, entry_id, {**said, **plain})


def _first(heading: Heading) -> Select[UUID]:
    return select(JournalEntry.id).where(
        JournalEntry.source_kind == heading.source_kind,
        JournalEntry.source_id == heading.source_id,
        JournalEntry.rule == heading.rule,
    )


async def chart(session: AsyncSession) -> None:
    """Create the tenant's accounts of the posting rules when they are first needed."""
    if not await session.scalar(select(exists().where(Account.role.is_not(None)))):
        rows = [{"id": uuid7(), "number": n, "name": name, "kind": k, "role": r} for n, name, k, r in DEFAULT_CHART]
        await session.execute(upsert(Account).on_conflict_do_nothing(), rows)


async def open_account(session: AsyncSession, body: AccountBody, _actor: str) -> Account:
    """Add an account. Raises `AccountNumberTaken`."""
    await chart(session)
    taken = await session.scalar(select(Account.id).where(Account.number == body.number))
    if taken is not None:
        raise AccountNumberTaken(number=body.number, id=taken)
    row = Account(number=body.number, name=body.name, kind=body.kind, role=None)
    session.add(row)
    await session.flush()
    return row


async def close(session: AsyncSession, month: date, actor: str) -> None:
    """Close a month, after all transactions that post into it have ended. Raises `PeriodStepForbidden`."""
    await _set_closed(session, month, actor, closed=True)


async def reopen(session: AsyncSession, month: date, actor: str) -> None:
    """Open a closed month again. Raises `PeriodStepForbidden`."""
    await _set_closed(session, month, actor, closed=False)


async def _set_closed(session: AsyncSession, month: date, actor: str, *, closed: bool) -> None:
    await session.execute(CHANGING_PERIOD, {"month": month.isoformat()})
    is_closed = await session.scalar(select(exists().where(Period.month == month, Period.closed_at.is_not(None))))
    if is_closed == closed:
        state = PeriodState.CLOSED if closed else PeriodState.OPEN
        raise PeriodStepForbidden(month=month_of(month), state=state.value, allowed=list(STEPS[state]))
    values = {"closed_at": clock.now() if closed else None, "actor": actor}
    statement = upsert(Period).values(month=month, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant_id", "month"], set_=values))


async def write_company(session: AsyncSession, body: CompanyBody, seen: Callable[[Company], None]) -> Company:
    """Change the company's data. Raises `CurrencyFixed`, and the errors of `seen`."""
    row = await session.scalar(select(Company).with_for_update()) or Company.unwritten()
    seen(row)
    if body.currency != row.currency and await queries.anything_posted(session):
        raise CurrencyFixed(currency=row.currency)
    row.change(body.model_dump(mode="json"))
    session.add(row)
    await session.flush()
    return row
