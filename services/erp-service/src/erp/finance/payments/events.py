"""Payments in the ERP; `contracts.kinds.receivable` declares their groups."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chassis.replication import checked, composed, fields, kind_from
from contracts.receivable import AllocatedTo, AllocationState, Direction, PaymentAmount, PaymentState
from records import rows_of
from sqlalchemy.orm import selectinload

from contracts import kinds
from erp.finance.payments import queries
from erp.finance.payments.models import NOTHING, AllocationKept, Payment
from erp.finance.payments.rules import exact


def _write_payment(row: Payment, _key: str, value: Any) -> None:
    row.set_amount(_payment(value))


def _payment(value: Any) -> Mapping[str, Any]:
    """The checked value. Raises `Malformed` for an amount that nobody can pay."""
    payment: Mapping[str, Any] = checked(PaymentAmount, value, "payment")
    exact(Decimal(payment["amount"]), payment["currency"], "payment.amount")
    return payment


def _write_state(row: Payment, value: Any) -> None:
    row.go(PaymentState(checked(PaymentState, value, "state")))


def _read_allocation(row: Payment) -> dict[str, Any] | None:
    """Nothing until the payment is booked, nor of one that went out."""
    if row.posted_state == NOTHING or row.direction == Direction.OUT:
        return None
    amounts: dict[str, Decimal] = {}
    for each in row.standing:
        amounts[each.invoice_number] = amounts.get(each.invoice_number, Decimal(0)) + each.amount
    state = AllocationState(
        allocated=row.allocated,
        unallocated=row.unallocated,
        invoices=tuple(AllocatedTo(invoice=number, amount=amount) for number, amount in sorted(amounts.items())),
    )
    return state.model_dump(mode="json")


def _write_allocation(_row: Payment, _value: Any) -> None:
    raise AllocationKept()


def _create(values: Mapping[str, Any]) -> Payment:
    """A row for what is delivered; without an amount there is no payment."""
    payment = _payment(values.get("payment"))
    row = Payment.blank()
    row.set_amount(payment)
    return row


PAYMENT = kind_from(
    kinds.PAYMENT,
    replace(composed("payment", PaymentAmount), write=_write_payment),
    fields("state", lambda row: row.state, _write_state),
    fields("allocation", _read_allocation, _write_allocation),
    system="erp",
    row=Payment,
    rows=rows_of(Payment, selectinload(Payment.allocations)),
    twin=queries.twin,
    create=_create,
    required=("payment",),
)
