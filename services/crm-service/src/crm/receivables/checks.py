"""Rules of payments that need the database."""

from typing import Any

from chassis import clock
from chassis.errors import Conflict
from records import column_value
from sqlalchemy.ext.asyncio import AsyncSession

from crm.receivables import queries
from crm.receivables.models import Payment


class PaymentRegisteredAlready(Conflict):
    code = "payment-registered-already"
    title = "This payment exists already"
    detail = "The reference {reference} belongs to payment {id}, which is {state}."
    hint = "Read that payment. If this is another one, enter a reference that distinguishes it."


async def payment(session: AsyncSession, row: Payment, values: dict[str, Any]) -> None:
    """Set the default date. Raises `PaymentSettled`, `PaymentRegisteredAlready`."""
    values["received_on"] = values["received_on"] or clock.today().isoformat()
    changed = {name for name, value in values.items() if getattr(row, name) != column_value(Payment, name, value)}
    if changed:
        row.may_be_changed()
    if values["reference"] and changed & {"reference", "direction", "currency"}:
        await _refuse_known(session, row, values)


async def _refuse_known(session: AsyncSession, row: Payment, values: dict[str, Any]) -> None:
    reference = values["reference"]
    await queries.reference_lock(session, reference)
    known = await queries.known_payment(session, reference, values["direction"], values["currency"])
    if known is not None and known is not row:
        raise PaymentRegisteredAlready(reference=reference, id=known.id, state=known.state)
