"""Allowed transitions of an order, its totals, and the credit check. No database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chassis.errors import Conflict, Problem
from contracts.order import NEXT_STATES, OrderState, RequestKind
from localisation import Phrase
from numbering import Series

NOTHING = Decimal(0)
NUMBERS = Series("order", "O-")
SHIPMENT_NUMBERS = Series("shipment", "S-")
RETURN_NUMBERS = Series("return", "R-")

NOT_PROCESSED = "not-processed"
"""The code of the reason of an order whose processing fails; a successful attempt removes it."""

WITH_OTHERS = frozenset({OrderState.DRAFT, OrderState.SUBMITTED})
"""Until the ERP has decided on an order, other systems may change the ordered items."""

TAKEN_FROM_OTHERS = frozenset({OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CANCELLED})
"""The states that other systems may set; only the ERP sets the others."""

COUNTING = frozenset(
    {OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.INVOICED, OrderState.CLOSED}
)
"""A confirmed order counts against the credit limit; also on hold, if it was confirmed before."""

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
    title = "The current state does not allow this"
    detail = "It is {state}, which cannot become {wanted}."
    hint = "`allowed` lists what may be done now; read the record as it is now, and decide again."


class CustomerBlocked(Conflict):
    code = "customer-blocked"
    title = "The customer is blocked"
    detail = "{customer} is blocked and cannot order on credit."
    hint = "Remove the block in the customer's `credit`, then resume the order."


class CustomerArchived(Conflict):
    code = "customer-archived"
    title = "The customer is archived"
    detail = "{customer} is archived."
    hint = "Restore the customer and resume the order, or cancel it."


class ProductArchived(Conflict):
    code = "product-archived"
    part = "product_id"
    title = "A product of the order is archived"
    detail = "{product} is archived."
    hint = "Restore the product, or enter the order without it."


class NothingOrdered(Conflict):
    code = "nothing-ordered"
    title = "The order has no lines"
    hint = "Add a line, then repeat this."


class CreditExceeded(Conflict):
    code = "credit-exceeded"
    title = "The credit limit is exceeded"
    detail = "The limit is {limit} {currency}; this order would increase the balance to {exposure} {currency}."
    hint = "Raise the limit, wait for a payment, or make the order smaller; then resume it."


class CreditCurrency(Conflict):
    code = "credit-currency"
    title = "The order is in another currency than the credit limit"
    detail = "The limit is in {limit_currency}, the order in {currency}; currencies are not converted."
    hint = "Set a limit in the order's currency, or none; then resume the order."


class MoreThanOrdered(Conflict):
    code = "more-than-ordered"
    part = "quantity"
    title = "More would be shipped than was ordered"
    detail = "{left} of line {line} is left to ship; {wanted} is more."
    hint = "Ship at most what is left. For more, change the order or enter another one."


class MoreThanShipped(Conflict):
    code = "more-than-shipped"
    part = "quantity"
    title = "More would be taken back, or billed, than was shipped"
    detail = "Of line {line} it can be {left} at most; {wanted} is more."
    hint = "Read the order's progress: it says how much of each line was shipped, returned and invoiced."


def failure_text(error: Exception) -> str:
    """The text of a failure for people: that of our own errors, and only the name of any other error."""
    why = (
        str(error) if isinstance(error, Problem) else Phrase("The service failed ({name}).", name=type(error).__name__)
    )
    return f"{why} It is retried automatically."


def next_state(present: OrderState, wanted: OrderState) -> OrderState:
    """The requested state. Raises `IllegalTransition` when it cannot follow the current one."""
    if wanted not in NEXT_STATES[present]:
        raise IllegalTransition(state=present.value, wanted=wanted.value, allowed=list(ALLOWED[present]))
    return wanted


def from_others(present: OrderState, wanted: OrderState) -> OrderState:
    """The state delivered by another system. Raises `IllegalTransition` when that system may not set it, or no
    longer."""
    if wanted not in NEXT_STATES[present] & TAKEN_FROM_OTHERS:
        states = sorted(NEXT_STATES[present] & TAKEN_FROM_OTHERS)
        raise IllegalTransition(state=present.value, wanted=wanted.value, states=states)
    return wanted


def require(present: OrderState, action: Action) -> None:
    """Raises `IllegalTransition` unless the state allows this."""
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
    """The quantity of a line that is not shipped."""
    return quantity - shipped


def left_to_invoice(quantity: Decimal, returned: Decimal, invoiced: Decimal) -> Decimal:
    """The quantity of a line still to be billed: ordered, less returned and billed."""
    return max(quantity - returned - invoiced, NOTHING)


def check_credit(
    credit: Mapping[str, Any] | None, currency: str, owed: Decimal, on_order: Decimal, total: Decimal
) -> None:
    """Raises `CreditCurrency` or `CreditExceeded` when the limit forbids an order of this total.

    `owed` is the open balance, `on_order` the amount of its other orders still to be invoiced. Without a limit there is
    no check.
    """
    if credit is None or credit.get("limit") is None:
        return
    if credit["currency"] != currency:
        raise CreditCurrency(limit_currency=credit["currency"], currency=currency)
    exposure, limit = owed + on_order + total, Decimal(credit["limit"])
    if exposure > limit:
        amounts = {"limit": limit, "exposure": exposure, "owed": owed, "on_order": on_order, "wanted": total}
        raise CreditExceeded(currency=currency, **{name: amount_text(amount) for name, amount in amounts.items()})


def refusal_of(state: OrderState, kind: RequestKind) -> Phrase | None:
    """The reason why a request cannot be granted in this state; None when it can."""
    if kind is RequestKind.CANCEL and state in (*UNSHIPPED, OrderState.CANCELLED):
        return None
    if kind is RequestKind.CHANGE and state in CHANGEABLE:
        return None
    return Phrase("The order is {state}.", state=state.value.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a line."""

    quantity: Decimal
    shipped: Decimal
    returned: Decimal
    invoiced: Decimal


def all_shipped(lines: Sequence[Progress]) -> bool:
    """Whether everything ordered is shipped."""
    return all(line.shipped == line.quantity for line in lines)


def all_invoiced(lines: Sequence[Progress]) -> bool:
    """Whether everything shipped and not returned is billed."""
    return all(line.invoiced >= line.shipped - line.returned for line in lines)


def amount_text(amount: Decimal) -> str:
    """An amount in the normalised form of events: no exponent, no trailing zeros."""
    return format(amount.normalize() + 0, "f")
