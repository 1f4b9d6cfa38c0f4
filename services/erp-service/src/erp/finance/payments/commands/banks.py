"""Our accounts at banks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import clock
from chassis.errors import Conflict, Malformed
from chassis.patch import patched
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.payments import queries
from erp.finance.payments.models import BankAccount
from erp.finance.payments.schemas import BankAccountBody

Check = Callable[[BankAccount], None]
FIXED = ("iban", "currency")


class BankAccountKnown(Conflict):
    code = "bank-account-known"
    title = "There is a bank account with this IBAN already"
    detail = "{iban} is {name}, {id}."
    hint = "Use that one; if it was taken out of use, restore it."


async def open_bank_account(session: AsyncSession, body: BankAccountBody) -> BankAccount:
    """Add a bank account. Raise `BankAccountKnown`."""
    known = await queries.bank_account_by_iban(session, body.iban)
    if known is not None:
        raise BankAccountKnown(id=known.id, iban=known.iban, name=known.name)
    row = BankAccount(name=body.name, iban=body.iban, currency=body.currency, archived_at=None)
    session.add(row)
    await session.flush()
    return row


async def change_bank_account(
    session: AsyncSession, bank_account_id: UUID, patch: Mapping[str, Any], seen: Check
) -> BankAccount:
    """Rename a bank account; another IBAN or currency would be another account. Raise `NotFound`, `Malformed`."""
    row = await queries.bank_account(session, bank_account_id, lock=True)
    seen(row)
    present = {"name": row.name, "iban": row.iban, "currency": row.currency}
    body = patched(BankAccountBody, present, patch)
    if fixed := [field for field in FIXED if getattr(body, field) != present[field]]:
        message = "it stays as it is: add another bank account"
        raise Malformed(errors=[{"field": field, "message": message} for field in fixed])
    if body.name != row.name:
        row.name = body.name
        row.count_on()
        await session.flush()
    return row


async def archive_bank_account(session: AsyncSession, bank_account_id: UUID, seen: Check) -> BankAccount:
    """Take a bank account out of use; its payments stay. Raise `NotFound`."""
    row = await queries.bank_account(session, bank_account_id, lock=True)
    seen(row)
    return await _set_archived(session, row, clock.now())


async def restore_bank_account(session: AsyncSession, bank_account_id: UUID) -> BankAccount:
    """Take a bank account into use again. Raise `NotFound`."""
    return await _set_archived(session, await queries.bank_account(session, bank_account_id, lock=True), None)


async def _set_archived(session: AsyncSession, row: BankAccount, at: datetime | None) -> BankAccount:
    if (row.archived_at is None) != (at is None):
        row.archived_at = at
        row.count_on()
        await session.flush()
    return row
