"""How a row of a CSV file is read as a payment."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis.patch import patched
from importing import Target
from records import reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.payments import queries
from erp.finance.payments.commands import entering
from erp.finance.payments.models import Payment, PaymentIsBooked
from erp.finance.payments.records import PAYMENTS
from erp.finance.payments.schemas import AssignBody, PaymentBody, PaymentNotes, PaymentOut
from erp.parties.customers import queries as customers

BOOKED = ("amount", "currency", "direction", "received_on")


async def _change(
    session: AsyncSession, payment_id: UUID, patch: Mapping[str, Any], actor: str, seen: writes.Seen
) -> Payment:
    """What a row says now: whose payment it is, its reference and note. Raises `PaymentIsBooked` for its amount."""
    row = await reads.by_id(session, PAYMENTS, payment_id)
    present = PaymentOut.of(row).model_dump(mode="json", include=set(PaymentBody.model_fields))
    wanted = patched(PaymentBody, present, {name: value for name, value in patch.items() if value is not None})
    if any(getattr(wanted, name) != getattr(row, name) for name in BOOKED):
        raise PaymentIsBooked()
    notes = {name: value for name, value in patch.items() if name in PaymentNotes.model_fields}
    row = await entering.change(session, payment_id, notes, actor, seen)
    if "customer_id" not in patch or wanted.customer_id == row.customer_id:
        return row
    whose = AssignBody(customer_id=wanted.customer_id, allocate=wanted.allocate)
    return await entering.assign(session, payment_id, whose, actor)


async def _by_number(session: AsyncSession, number: str) -> UUID | None:
    found = await customers.numbered(session, number)
    return found.id if found else None


async def _by_iban(session: AsyncSession, iban: str) -> UUID | None:
    found = await queries.bank_account_by_iban(session, iban.replace(" ", "").upper())
    return found.id if found else None


IMPORTS = Target(
    PAYMENTS.kind,
    PaymentBody,
    entering.enter,
    _change,
    references={"customer_id": "customers", "bank_account_id": "bank-accounts"},
    lookups={"customers": _by_number, "bank-accounts": _by_iban},
    at_once=1,  # Customers are locked in one order; a file names them in any.
    scope="payments",
)
