"""Rules of bank accounts that need the database."""

from typing import Any

from chassis.errors import Conflict, Malformed
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.payments import queries
from erp.finance.payments.models import BankAccount

FIXED = ("iban", "currency")


class BankAccountKnown(Conflict):
    code = "bank-account-known"
    title = "There is a bank account with this IBAN already"
    detail = "{iban} is {name}, {id}."
    hint = "Use that one; if it was taken out of use, restore it."


async def bank_account(session: AsyncSession, row: BankAccount, values: dict[str, Any]) -> None:
    """Raises `BankAccountKnown`, and `Malformed` for another IBAN or currency: that would be another account."""
    if row.id is None:
        known = await queries.bank_account_by_iban(session, values["iban"])
        if known is not None:
            raise BankAccountKnown(id=known.id, iban=known.iban, name=known.name)
    elif fixed := [field for field in FIXED if getattr(row, field) != values[field]]:
        message = "it stays as it is: add another bank account"
        raise Malformed(errors=[{"field": field, "message": message} for field in fixed])
