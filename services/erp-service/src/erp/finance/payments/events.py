"""What payments announce, and the groups in which they are merged with those of other systems."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.replication import Kind, checked, fields, single
from contracts.groups import GROUPS
from contracts.receivable import AllocatedTo, AllocationState, Direction, PaymentAmount, PaymentState

from erp.finance.payments import queries
from erp.finance.payments.models import NOTHING, AllocationKept, Payment
from erp.finance.payments.rules import exact

SHAPES = GROUPS["payment"]


def _read_payment(row: Payment) -> dict[str, Any]:
    value = PaymentAmount(
        amount=row.amount, currency=row.currency, direction=Direction(row.direction), received_on=row.received_on
    )
    return value.model_dump(mode="json")


def _write_payment(row: Payment, value: Any) -> None:
    row.set_amount(_payment(value))


def _payment(value: Any) -> Mapping[str, Any]:
    """The checked value. Raise `Malformed` for an amount that nobody can pay."""
    payment: Mapping[str, Any] = checked(SHAPES["payment"].value, value, "payment")
    exact(Decimal(payment["amount"]), payment["currency"], "payment.amount")
    return payment


def _write_state(row: Payment, value: Any) -> None:
    row.go(PaymentState(checked(SHAPES["state"].value, value, "state")))


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


PAYMENT = Kind(
    "payment",
    system="erp",
    create=_create,
    rows=queries.rows,
    twin=queries.twin,
    required=("payment",),
    groups=(
        # The amount stands before all that depends on it.
        fields("payment", _read_payment, _write_payment),
        fields("state", lambda row: row.state, _write_state),
        single("customer", UUID, field="customer_id", reference="customer"),
        *(single(name, SHAPES[name].value) for name in ("reference", "note", "reason")),
        fields("allocation", _read_allocation, _write_allocation),
    ),
)
