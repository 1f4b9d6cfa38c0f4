"""HTTP of the ledger."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute, SeenVersion
from fastapi import APIRouter, Query, Response

from erp.ledger import commands, queries
from erp.ledger.records import ENTRIES, entries
from erp.ledger.schemas import (
    AccountBalanceOut,
    AccountBody,
    AccountOut,
    CompanyBody,
    CompanyOut,
    CurrencySum,
    EntryBody,
    EntryOut,
    Month,
    PeriodOut,
    StatementFilters,
    StatementLineOut,
    TrialBalanceOut,
)

router = APIRouter(prefix="/v1", tags=["ledger"], route_class=IdempotentRoute)
routers = (router, entries)
READ = requires("ledger:read")
Poster = Annotated[Principal, requires("ledger:post")]
Closer = Annotated[Principal, requires("ledger:close")]


@router.get("/company", dependencies=[READ])
async def read_company(session: Session, response: Response) -> CompanyOut:
    """The company's data, with the `ETag` to change it."""
    return CompanyOut.model_validate(await queries.company(session)).tag(response)


@router.put("/company", dependencies=[requires("ledger:write")])
async def write_company(body: CompanyBody, session: Session, seen: SeenVersion, response: Response) -> CompanyOut:
    """Change the company's data. Its currency cannot change after the first posting."""
    row = await commands.write_company(
        session, body, lambda found: seen.check(found.version, CompanyOut.model_validate(found))
    )
    return CompanyOut.model_validate(row).tag(response)


@router.get("/accounts", dependencies=[READ])
async def list_accounts(session: Session, paging: Paging) -> Page[AccountOut]:
    """The chart of accounts, by number. Accounts of posting rules exist from the beginning."""
    await commands.chart(session)
    return await paging.page(
        session, queries.accounts(), queries.ACCOUNTS, lambda row: AccountOut.model_validate(row[0])
    )


@router.post("/accounts", status_code=201, dependencies=[requires("ledger:write")])
async def open_account(body: AccountBody, session: Session, response: Response) -> AccountOut:
    """Add an account for manual entries."""
    row = await commands.open_account(session, body)
    response.headers["Location"] = f"{router.prefix}/accounts/{row.id}"
    return AccountOut.model_validate(row)


@router.get("/accounts/{account_id}", dependencies=[READ])
async def read_account(account_id: UUID, session: Session) -> AccountOut:
    """One account."""
    return AccountOut.model_validate(await queries.account(session, account_id))


@router.get("/accounts/{account_id}/statement", dependencies=[READ])
async def read_statement(
    account_id: UUID, session: Session, paging: Paging, filters: Annotated[StatementFilters, Query()]
) -> Page[StatementLineOut]:
    """The lines of an account, by date, with the balance after each line."""
    await queries.account(session, account_id)
    return await paging.page(session, *queries.statement_of(account_id, filters), StatementLineOut.of)


@router.post("/journal-entries", status_code=201)
async def enter_entry(body: EntryBody, session: Session, caller: Poster, response: Response) -> EntryOut:
    """Post a manual entry. It cannot be changed; a second entry corrects it."""
    row = await commands.enter(session, body, caller.subject)
    response.headers["Location"] = f"{ENTRIES.path}/{row.id}"
    return EntryOut.of(row)


@router.get("/trial-balance", dependencies=[READ])
async def read_trial_balance(session: Session, until: date | None = None) -> TrialBalanceOut:
    """Every account with its postings up to a date; the sums of each currency are equal."""
    accounts = [AccountBalanceOut.model_validate(each) for each in await queries.trial_balance(session, until)]
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for each in accounts:
        sums[each.currency][0] += each.debit
        sums[each.currency][1] += each.credit
    found = [
        CurrencySum(currency=currency, debit=debit, credit=credit) for currency, (debit, credit) in sorted(sums.items())
    ]
    return TrialBalanceOut(until=until, accounts=accounts, sums=found)


@router.get("/periods", dependencies=[READ])
async def list_periods(session: Session, paging: Paging) -> Page[PeriodOut]:
    """The months with postings or closings, and the current one, the latest first. All others are open too."""
    return await paging.page(session, *queries.periods(), PeriodOut.of)


@router.post("/periods/{month}/close")
async def close_period(month: Month, session: Session, caller: Closer) -> PeriodOut:
    """Close a month: no entry can be posted in it."""
    await commands.close(session, first_day(month), caller.subject)
    return PeriodOut.of(await queries.period(session, first_day(month)))


@router.post("/periods/{month}/reopen")
async def reopen_period(month: Month, session: Session, caller: Closer) -> PeriodOut:
    """Open a closed month again."""
    await commands.reopen(session, first_day(month), caller.subject)
    return PeriodOut.of(await queries.period(session, first_day(month)))


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
