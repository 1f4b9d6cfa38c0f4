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
from records import ActionRouter, answered, reads, routes

from erp.ledger import commands, queries
from erp.ledger.records import ACCOUNTS, CLOSE, ENTRIES, PERIODS, entries, periods
from erp.ledger.schemas import (
    AccountBalanceOut,
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
months = ActionRouter(PERIODS)


async def with_chart(session: Session) -> None:
    """The accounts of the posting rules are there from the beginning."""
    await commands.chart(session)


accounts = routes(
    ACCOUNTS,
    create=commands.open_account,
    names={"create": "open_account"},
    says={
        "create": "Add an account for manual entries.",
        "list": "The chart of accounts, by number. Accounts of posting rules exist from the beginning.",
    },
    before=with_chart,
)
routers = (router, accounts, entries, periods, months)
READ = requires("ledger:read")
Poster = Annotated[Principal, requires("ledger:post")]
Closer = Annotated[Principal, requires(CLOSE)]


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


@router.get("/accounts/{account_id}/statement", dependencies=[READ])
async def read_statement(
    account_id: UUID, session: Session, paging: Paging, filters: Annotated[StatementFilters, Query()]
) -> Page[StatementLineOut]:
    """The lines of an account, by date, with the balance after each line."""
    await reads.by_id(session, ACCOUNTS, account_id)
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


@months.post("/{month}/close")
async def close_period(month: Month, session: Session, caller: Closer, response: Response) -> PeriodOut:
    """Close a month: no entry can be posted in it."""
    await commands.close(session, first_day(month), caller.subject)
    return await answered(session, PERIODS, await queries.month(session, first_day(month)), response)


@months.post("/{month}/reopen")
async def reopen_period(month: Month, session: Session, caller: Closer, response: Response) -> PeriodOut:
    """Open a closed month again."""
    await commands.reopen(session, first_day(month), caller.subject)
    return await answered(session, PERIODS, await queries.month(session, first_day(month)), response)


def first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
