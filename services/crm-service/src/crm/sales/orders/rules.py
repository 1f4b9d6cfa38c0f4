"""Totals of an order, the allowed actions of each state, and the payment status. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

from contracts.order import OrderAnswer, OrderRequest, OrderState
from numbering import Series

NUMBERS = Series("order", "SO-")


class Action(StrEnum):
    """The actions of sales on an order; each is also the last part of its address."""

    CHANGE = "change"
    SUBMIT = "submit"
    CANCEL = "cancel"
    ARCHIVE = "archive"
    REQUEST = "requests"


_HANDED_OVER = (Action.REQUEST,)

ALLOWED: Mapping[OrderState, tuple[Action, ...]] = {
    OrderState.DRAFT: (Action.CHANGE, Action.ARCHIVE, Action.SUBMIT, Action.CANCEL),
    OrderState.SUBMITTED: (Action.CANCEL, Action.REQUEST),
    OrderState.ON_HOLD: _HANDED_OVER,
    OrderState.CONFIRMED: _HANDED_OVER,
    OrderState.PARTLY_SHIPPED: _HANDED_OVER,
    OrderState.SHIPPED: (),
    OrderState.INVOICED: (),
    OrderState.CLOSED: (),
    OrderState.CANCELLED: (Action.ARCHIVE,),
}
"""State -> the actions allowed to sales; others are the ERP's."""


class PaymentStatus(StrEnum):
    UNPAID = "unpaid"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"


def is_open(request: OrderRequest | None, answer: OrderAnswer | None) -> bool:
    """Whether a request waits for the ERP's answer."""
    return request is not None and (answer is None or answer.request != request.id)


def payment_status(invoices: Iterable[tuple[Decimal, Decimal]]) -> PaymentStatus:
    """The payment status of invoices, each (total, open); a status of its own if there are none."""
    known = list(invoices)
    if known and all(still_open <= 0 for _, still_open in known):
        return PaymentStatus.PAID
    touched = any(still_open < total for total, still_open in known)
    return PaymentStatus.PARTLY_PAID if touched else PaymentStatus.UNPAID
