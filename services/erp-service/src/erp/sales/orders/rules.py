"""What may be done with an order in which state, what it comes to, and what a customer may owe. No database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chassis.errors import Conflict, Problem
from contracts.order import NEXT_STATES, OrderState, RequestKind
from numbering import Series

NOTHING = Decimal(0)
NUMBERS = Series("order", "O-")
SHIPMENT_NUMBERS = Series("shipment", "S-")
RETURN_NUMBERS = Series("return", "R-")

NOT_PROCESSED = "not-processed"
"""The code of the reason that an order has while a task fails on it; the task that succeeds takes it away."""

WITH_OTHERS = frozenset({OrderState.DRAFT, OrderState.SUBMITTED})
"""Until the ERP has decided on an order, other systems may still bring changes of what is ordered."""

TAKEN_FROM_OTHERS = frozenset({OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CANCELLED})
"""The states that another system may bring; all others are the ERP's to give."""

COUNTING = frozenset(
    {OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.INVOICED, OrderState.CLOSED}
)
"""From its confirmation on an order counts against the credit; on hold it still does, when it was confirmed before."""

UNSHIPPED = frozenset({OrderState.DRAFT, OrderState.SUBMITTED, OrderState.ON_HOLD, OrderState.CONFIRMED})
CHANGEABLE = frozenset({OrderState.SUBMITTED, OrderState.ON_HOLD, OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED})


class Action(StrEnum):
    """What may be done with an order; each but the first two is also the last part of its address."""

    CHANGE = "change"
    ARCHIVE = "archive"
    SUBMIT = "submit"
    CONFIRM = "confirm"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    SHIP = "shipments"
    RETURN = "returns"


ALLOWED: Mapping[OrderState, tuple[Action, ...]] = {
    OrderState.DRAFT: (Action.CHANGE, Action.ARCHIVE, Action.SUBMIT, Action.CANCEL),
    OrderState.SUBMITTED: (Action.CONFIRM, Action.HOLD, Action.CANCEL),
    OrderState.ON_HOLD: (Action.CONFIRM, Action.RESUME, Action.CANCEL),
    OrderState.CONFIRMED: (Action.HOLD, Action.CANCEL, Action.SHIP),
    OrderState.PARTLY_SHIPPED: (Action.SHIP, Action.RETURN),
    OrderState.SHIPPED: (Action.RETURN,),
    OrderState.INVOICED: (Action.RETURN,),
    OrderState.CLOSED: (Action.RETURN,),
    OrderState.CANCELLED: (Action.ARCHIVE,),
}
"""State -> what may be done."""


class IllegalTransition(Conflict):
    code = "illegal-transition"
    title = "The present state does not allow this"
    detail = "It is {state}, which cannot become {wanted}."
    hint = "`allowed` lists what may be done now; read the record as it is now, and decide again."


class CustomerBlocked(Conflict):
    code = "customer-blocked"
    title = "The customer is blocked"
    detail = "{customer} gets nothing on credit at the moment."
    hint = "Lift the block in the customer's `credit`, then resume the order."


class CustomerArchived(Conflict):
    code = "customer-archived"
    title = "The customer is archived"
    detail = "{customer} was taken out of use."
    hint = "Restore the customer and resume the order, or cancel it."


class ProductArchived(Conflict):
    code = "product-archived"
    part = "product_id"
    title = "A product of the order is archived"
    detail = "{product} was taken out of use."
    hint = "Restore the product, or enter the order without it."


class NothingOrdered(Conflict):
    code = "nothing-ordered"
    title = "The order has no lines"
    hint = "Add a line, then repeat this."


class CreditExceeded(Conflict):
    code = "credit-exceeded"
    title = "The credit limit is exceeded"
    detail = "The limit is {limit} {currency}; with this order {exposure} {currency} would be open."
    hint = "Raise the limit, wait for a payment, or make the order smaller; then resume it."


class CreditCurrency(Conflict):
    code = "credit-currency"
    title = "The order is in another currency than the credit limit"
    detail = "The limit is in {limit_currency}, the order in {currency}: nobody has said what that may come to."
    hint = "Give the customer a limit in the order's currency, or none; then resume the order."


class MoreThanOrdered(Conflict):
    code = "more-than-ordered"
    part = "quantity"
    title = "More would be shipped than was ordered"
    detail = "Of line {line} {left} is left to ship; {wanted} is more."
    hint = "Ship what is left at most. For more, change the order or enter another one."


class MoreThanShipped(Conflict):
    code = "more-than-shipped"
    part = "quantity"
    title = "More would be taken back, or billed, than was shipped"
    detail = "Of line {line} it can be {left} at most; {wanted} is more."
    hint = "Read the order's progress: it says how much of each line was shipped, returned and invoiced."


def failure_text(error: Exception) -> str:
    """What people read of a task's failure: our own words, and of any other error its name alone."""
    why = str(error) if isinstance(error, Problem) else f"The service failed ({type(error).__name__})."
    return f"{why} It tries again by itself."


def next_state(present: OrderState, wanted: OrderState) -> OrderState:
    """The state that was wanted. Raises `IllegalTransition` when it cannot follow the present one."""
    if wanted not in NEXT_STATES[present]:
        raise IllegalTransition(state=present.value, wanted=wanted.value, allowed=list(ALLOWED[present]))
    return wanted


def from_others(present: OrderState, wanted: OrderState) -> OrderState:
    """The state that another system brings. Raises `IllegalTransition` when it is not theirs to bring, or too late."""
    if wanted not in NEXT_STATES[present] & TAKEN_FROM_OTHERS:
        states = sorted(NEXT_STATES[present] & TAKEN_FROM_OTHERS)
        raise IllegalTransition(state=present.value, wanted=wanted.value, states=states)
    return wanted


def require(present: OrderState, action: Action) -> None:
    """Raise `IllegalTransition` unless the state allows this."""
    if action not in ALLOWED[present]:
        raise IllegalTransition(state=present.value, wanted=_DONE[action], allowed=list(ALLOWED[present]))


_DONE = {
    Action.CHANGE: "changed",
    Action.ARCHIVE: "archived",
    Action.SUBMIT: "submitted",
    Action.CONFIRM: "confirmed",
    Action.HOLD: "held",
    Action.RESUME: "resumed",
    Action.CANCEL: "cancelled",
    Action.SHIP: "shipped",
    Action.RETURN: "returned",
}


def left_to_ship(quantity: Decimal, shipped: Decimal) -> Decimal:
    """How much of a line has not gone out."""
    return quantity - shipped


def left_to_invoice(quantity: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """How much of a line will still be billed: what was ordered, less what came back and what is billed already."""
    return max(quantity - returned - invoiced, NOTHING)


def check_credit(
    credit: Mapping[str, Any] | None, currency: str, owed: Decimal, on_order: Decimal, total: Decimal
) -> None:
    """Raises `CreditCurrency` or `CreditExceeded` when a customer with that limit may not order for this total.

    `owed` is the open balance, `on_order` what its other orders will come to when they are invoiced. Without a limit
    anything goes.
    """
    if credit is None or credit.get("limit") is None:
        return
    if credit["currency"] != currency:
        raise CreditCurrency(limit_currency=credit["currency"], currency=currency)
    exposure, limit = owed + on_order + total, Decimal(credit["limit"])
    if exposure > limit:
        amounts = {"limit": limit, "exposure": exposure, "owed": owed, "on_order": on_order, "wanted": total}
        raise CreditExceeded(currency=currency, **{name: amount_text(amount) for name, amount in amounts.items()})


def refusal_of(state: OrderState, kind: RequestKind) -> str | None:
    """Why a request comes too late, or too early, to be granted; None when it does not."""
    if kind is RequestKind.CANCEL and state in (*UNSHIPPED, OrderState.CANCELLED):
        return None
    if kind is RequestKind.CHANGE and state in CHANGEABLE:
        return None
    return f"The order is {state.value.replace('_', ' ')}."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a line is."""

    quantity: Decimal
    shipped: Decimal
    returned: Decimal
    invoiced: Decimal


def all_shipped(lines: Sequence[Progress]) -> bool:
    """Whether all that was ordered has gone out."""
    return all(line.shipped == line.quantity for line in lines)


def all_invoiced(lines: Sequence[Progress]) -> bool:
    """Whether all that the customer kept is billed."""
    return all(line.invoiced >= line.shipped - line.returned for line in lines)


def amount_text(amount: Decimal) -> str:
    """An amount in the one form that it has on events: no exponent, no zeros at the end."""
    return format(amount.normalize() + 0, "f")
