"""HTTP of our bank accounts."""

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.patch import JsonPatch
from chassis.preconditions import IdempotentRoute, Seen, SeenVersion
from fastapi import APIRouter, Query, Response

from erp.finance.payments import queries
from erp.finance.payments.commands import banks
from erp.finance.payments.schemas import BankAccountBody, BankAccountFilters, BankAccountOut

router = APIRouter(prefix="/v1/bank-accounts", tags=["bank-accounts"], route_class=IdempotentRoute)
READ = requires("payments:read")
Writer = Annotated[Principal, requires("payments:write")]


@router.post("", status_code=201)
async def open_bank_account(
    body: BankAccountBody, session: Session, _caller: Writer, response: Response
) -> BankAccountOut:
    """Add an account of ours; its statements are then known by the IBAN."""
    row = await banks.open_bank_account(session, body)
    response.headers["Location"] = f"{router.prefix}/{row.id}"
    return BankAccountOut.of(row).tag(response)


@router.get("", dependencies=[READ])
async def list_bank_accounts(
    session: Session, paging: Paging, filters: Annotated[BankAccountFilters, Query()]
) -> Page[BankAccountOut]:
    """Bank accounts in pages, by name unless `sort` says otherwise (name, iban)."""
    found = queries.bank_accounts(filters)
    return await paging.page(session, found, queries.BANK_ACCOUNTS, lambda row: BankAccountOut.of(row[0]))


@router.get("/{bank_account_id}", dependencies=[READ])
async def read_bank_account(bank_account_id: UUID, session: Session, response: Response) -> BankAccountOut:
    """One bank account, with the `ETag` to change it."""
    return BankAccountOut.of(await queries.bank_account(session, bank_account_id)).tag(response)


@router.patch("/{bank_account_id}")
async def change_bank_account(
    bank_account_id: UUID, patch: JsonPatch, session: Session, _caller: Writer, seen: SeenVersion, response: Response
) -> BankAccountOut:
    """Rename a bank account."""
    row = await banks.change_bank_account(session, bank_account_id, patch, _seen(seen))
    return BankAccountOut.of(row).tag(response)


@router.delete("/{bank_account_id}")
async def archive_bank_account(
    bank_account_id: UUID, session: Session, _caller: Writer, seen: SeenVersion, response: Response
) -> BankAccountOut:
    """Take a bank account out of use; its payments stay. `restore` brings it back."""
    return BankAccountOut.of(await banks.archive_bank_account(session, bank_account_id, _seen(seen))).tag(response)


@router.post("/{bank_account_id}/restore")
async def restore_bank_account(
    bank_account_id: UUID, session: Session, _caller: Writer, response: Response
) -> BankAccountOut:
    """Take a bank account into use again."""
    return BankAccountOut.of(await banks.restore_bank_account(session, bank_account_id)).tag(response)


def _seen(seen: Seen) -> banks.Check:
    return lambda row: seen.check(row.version, BankAccountOut.of(row))
