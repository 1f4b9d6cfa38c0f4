"""Postings on a real database: rows, and what the database itself refuses."""

import asyncio
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from chassis.testing import OTHER_TENANT, TENANT, act_for, rolled_back
from erp.ledger import commands, queries
from erp.ledger.commands import CurrencyFixed, PeriodClosed, PeriodStepForbidden
from erp.ledger.models import Account, JournalEntry, JournalLine
from erp.ledger.records import ENTRIES
from erp.ledger.rules import DEFAULT_CHART, POSTING_RULES, Source, lines_of
from erp.ledger.schemas import CompanyBody
from erp.wiring import SERVICE
from records import reads
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import ALFREDS, AROUND, DAY, invoiced, paid

pytestmark = pytest.mark.servers
NOVEMBER = date(2026, 11, 1)


async def balances(session: AsyncSession, *roles: str) -> list[Decimal]:
    return [await queries.balance(session, role, "EUR") for role in roles]


async def test_an_invoice_and_its_payment_are_in_the_books(session: AsyncSession) -> None:
    await invoiced(session, "100.00", "19.00")
    await paid(session, "50.00")
    assert await balances(session, "receivables", "revenue", "tax", "bank") == [69, -100, -19, 50]
    assert await queries.balance(session, "receivables", "EUR", AROUND) == 0
    assert await queries.balances_by_party(session, "receivables", "EUR") == {ALFREDS: 69}


async def test_every_rule_is_balanced_and_posts_to_accounts_of_the_default_chart(session: AsyncSession) -> None:
    for rule, lines in POSTING_RULES.items():
        amounts = {name: Decimal("7.00") for line in lines for name in line.amounts}
        assert sum(line.amount for line in lines_of(rule, amounts, "EUR")) == 0
        assert await commands.post(
            session, rule, on=DAY, currency="EUR", amounts=amounts, source=Source("test", uuid4()), actor="anna"
        )
    await session.execute(text("set constraints all immediate"))
    assert len((await session.scalars(select(Account))).all()) == len(DEFAULT_CHART)
    assert sum(row.balance for row in await queries.trial_balance(session)) == 0


async def test_nothing_is_posted_for_nothing(session: AsyncSession) -> None:
    assert await invoiced(session, "0.00", "0.00") is None
    untaxed = await invoiced(session, "10.00", "0.00")
    assert untaxed is not None
    assert len((await reads.by_id(session, ENTRIES, untaxed)).lines) == 2


async def test_a_source_is_posted_once_by_each_rule(session: AsyncSession) -> None:
    source = Source("invoice", uuid4())
    first = await invoiced(session, source=source)
    assert await invoiced(session, "7.00", "0.00", source=source) == first
    assert await session.scalar(select(func.count()).select_from(JournalEntry)) == 1
    assert await balances(session, "revenue") == [-100]


async def test_a_closed_month_takes_no_entry_until_it_is_opened_again(session: AsyncSession) -> None:
    source = Source("invoice", uuid4())
    first = await invoiced(session, source=source)
    await commands.close(session, NOVEMBER, "anna")
    with pytest.raises(PeriodClosed) as refused:
        await invoiced(session)
    assert refused.value.document()["month"] == "2026-11"
    assert await invoiced(session, source=source) == first
    assert await invoiced(session, on=date(2026, 12, 1)) is not None
    await commands.reopen(session, NOVEMBER, "anna")
    assert await invoiced(session) is not None


async def test_a_month_is_closed_once(session: AsyncSession) -> None:
    await commands.close(session, NOVEMBER, "anna")
    with pytest.raises(PeriodStepForbidden) as refused:
        await commands.close(session, NOVEMBER, "anna")
    assert (refused.value.document()["state"], refused.value.document()["allowed"]) == ("closed", ["reopen"])


async def test_a_balance_can_stop_at_a_day(session: AsyncSession) -> None:
    await invoiced(session, on=date(1996, 7, 4))
    await invoiced(session, on=date(1996, 8, 1))
    until = date(1996, 7, 31)
    assert await queries.balance(session, "receivables", "EUR", until=until) == 119
    assert [row.balance for row in await queries.trial_balance(session, until)] == [119, -19, -100]


async def test_currencies_are_kept_apart(session: AsyncSession) -> None:
    await invoiced(session)
    await invoiced(session, "1000", "0", currency="JPY")
    assert await queries.balance(session, "receivables", "JPY") == 1000
    assert {row.currency for row in await queries.trial_balance(session)} == {"EUR", "JPY"}


async def test_the_companys_currency_is_fixed_by_the_first_entry(session: AsyncSession) -> None:
    dollars = CompanyBody(name="Northwind Traders", currency="USD")
    assert (await queries.company(session)).currency == "EUR"
    await commands.write_company(session, dollars, lambda _: None)
    await invoiced(session)
    assert (await commands.write_company(session, dollars, lambda _: None)).version == 2
    with pytest.raises(CurrencyFixed):
        await commands.write_company(session, CompanyBody(name="N", currency="EUR"), lambda _: None)


async def test_each_tenant_has_books_of_its_own(session: AsyncSession) -> None:
    await invoiced(session)
    await act_for(session, OTHER_TENANT)
    assert await balances(session, "receivables") == [0]
    await invoiced(session, "1.00", "0.00")
    assert await balances(session, "receivables") == [1]


async def _raw_entry(session: AsyncSession, *amounts: int) -> UUID:
    """An entry by plain statements, past every rule of ours."""
    await commands.chart(session)
    account = await session.scalar(select(Account.id).where(Account.role == "bank"))
    entry_id = uuid4()
    entry = {"id": entry_id, "rule": "raw", "source_kind": "raw", "source_id": entry_id, "posted_on": DAY}
    await session.execute(insert(JournalEntry).values(**entry, text="", actor="anna", line_count=2))
    for position, amount in enumerate(amounts, start=1):
        line = {"entry_id": entry_id, "position": position, "account_id": account, "amount": amount}
        await session.execute(insert(JournalLine).values(**line, currency="EUR"))
    return entry_id


@pytest.mark.parametrize("amounts", [(5, -4), (5,), (), (5, -5, 1, -1)])
async def test_the_database_refuses_an_unbalanced_entry_at_commit(
    committing: Sessions, amounts: tuple[int, ...]
) -> None:
    with pytest.raises(IntegrityError, match=r"is not balanced|has not the number of lines"):
        async with transaction(committing, TENANT) as own:
            await _raw_entry(own, *amounts)
    async with transaction(committing, TENANT) as own:
        assert await own.scalar(select(func.count()).select_from(JournalEntry).where(JournalEntry.rule == "raw")) == 0


async def test_balanced_lines_cannot_be_added_to_an_entry_later(committing: Sessions) -> None:
    async with transaction(committing, OTHER_TENANT) as own:
        entry_id = await _raw_entry(own, 5, -5)
    with pytest.raises(IntegrityError, match="has not the number of lines"):
        async with transaction(committing, OTHER_TENANT) as own:
            account = await own.scalar(select(Account.id).where(Account.role == "bank"))
            for position, amount in ((3, 1), (4, -1)):
                line = {"entry_id": entry_id, "position": position, "account_id": account, "amount": amount}
                await own.execute(insert(JournalLine).values(**line, currency="EUR"))


async def test_a_change_of_tenant_does_not_hide_what_is_unbalanced(session: AsyncSession) -> None:
    await _raw_entry(session, 5, -4)
    await act_for(session, OTHER_TENANT)
    with pytest.raises(IntegrityError, match="is not balanced"):
        await session.execute(text("set constraints all immediate"))


async def test_the_journal_is_only_added_to(session: AsyncSession) -> None:
    await invoiced(session)
    for statement in (update(JournalEntry).values(text="x"), delete(JournalLine), delete(JournalEntry)):
        with pytest.raises(DBAPIError, match="only added to"):
            async with session.begin_nested():
                await session.execute(statement)


async def test_the_owner_of_the_tables_changes_nothing_either(address: str) -> None:
    async with rolled_back(address, SERVICE.name, "owner") as sessions, sessions() as session:
        for statement in (
            "update journal_lines set amount = 1",
            "truncate journal_lines",
            "delete from journal_entries",
        ):
            with pytest.raises(DBAPIError, match="only added to"):
                async with session.begin_nested():
                    await session.execute(text(statement))


async def test_the_same_source_posted_at_once_is_one_entry(committing: Sessions) -> None:
    tenant, source = uuid4(), Source("invoice", uuid4())

    async def entered() -> UUID | None:
        async with transaction(committing, tenant) as own:
            return await invoiced(own, source=source)

    assert len(set(await asyncio.gather(*(entered() for _ in range(8))))) == 1
    async with transaction(committing, tenant) as own:
        assert await balances(own, "revenue") == [-100]


async def test_postings_of_one_tenant_do_not_wait_for_each_other(committing: Sessions) -> None:
    tenant = uuid4()
    async with transaction(committing, tenant) as own:
        await invoiced(own)
    async with transaction(committing, tenant) as slow:
        await invoiced(slow)
        async with asyncio.timeout(5), transaction(committing, tenant) as quick:
            await invoiced(quick)
            assert await balances(quick, "revenue") == [-200]
    async with transaction(committing, tenant) as own:
        assert await balances(own, "revenue") == [-300]


async def _somebody_waits(session: AsyncSession) -> None:
    waiting = text("select exists (select from pg_locks where locktype = 'advisory' and not granted)")
    while not await session.scalar(waiting):  # noqa: ASYNC110  (the event is in the database)
        await asyncio.sleep(0.01)


async def test_a_month_is_closed_when_who_posts_into_it_has_ended(committing: Sessions) -> None:
    tenant, order = uuid4(), []

    async def closed() -> None:
        async with transaction(committing, tenant) as own:
            await commands.close(own, NOVEMBER, "anna")
            order.append("closed")

    async with transaction(committing, tenant) as own:
        await invoiced(own)
        closing = asyncio.create_task(closed())
        async with asyncio.timeout(5):
            await _somebody_waits(own)
        await invoiced(own)
        order.append("posted")
    await closing
    assert order == ["posted", "closed"]
    with pytest.raises(PeriodClosed):
        async with transaction(committing, tenant) as own:
            await invoiced(own)
