"""Allowed transitions of an order, its totals, and the credit check. No database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chassis.bounds import at_most
from chassis.errors import Conflict, Problem
from contracts.bounds import LARGEST_LINE
from contracts.money import line_amount
from contracts.order import NEXT_STATES, OrderState, RequestKind
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

SHIPPABLE = frozenset({OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED})
RETURNABLE = frozenset({OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.INVOICED, OrderState.CLOSED})
UNSHIPPED = frozenset({OrderState.DRAFT, OrderState.SUBMITTED, OrderState.ON_HOLD, OrderState.CONFIRMED})
ARCHIVABLE = frozenset({OrderState.DRAFT, OrderState.CANCELLED})
CHANGEABLE = frozenset({OrderState.SUBMITTED, OrderState.ON_HOLD, OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED})


class IllegalTransition(Conflict):
    code = "illegal-transition"
    title = "The current state does not allow this"
    detail = "It is {state}, which cannot become {wanted}."
    hint = "`allowed` lists the possible next states; read the current record, and decide again."


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
    title = "More would be shipped than was ordered"
    detail = "{left} of line {line} is left to ship; {wanted} is more."
    hint = "Ship at most what is left. For more, change the order or enter another one."


class MoreThanShipped(Conflict):
    code = "more-than-shipped"
    title = "More would be returned or billed than was shipped"
    detail = "The maximum for line {line} is {left}; {wanted} is more."
    hint = "Read the order's progress: it shows the shipped, returned and invoiced quantity of each line."


def failure_text(error: Exception) -> str:
    """The text of a failure for people: that of our own errors, and only the name of any other error."""
    why = str(error) if isinstance(error, Problem) else f"The service failed ({type(error).__name__})."
    return f"{why} It is retried automatically."


def next_state(present: OrderState, wanted: OrderState) -> OrderState:
    """The requested state. Raises `IllegalTransition` when it cannot follow the current one."""
    if wanted not in NEXT_STATES[present]:
        raise IllegalTransition(state=present.value, wanted=wanted.value, allowed=sorted(NEXT_STATES[present]))
    return wanted


def from_others(present: OrderState, wanted: OrderState) -> OrderState:
    """The state delivered by another system. Raises `IllegalTransition` when that system may not set it, or no
    longer."""
    if wanted not in NEXT_STATES[present] & TAKEN_FROM_OTHERS:
        allowed = sorted(NEXT_STATES[present] & TAKEN_FROM_OTHERS)
        raise IllegalTransition(state=present.value, wanted=wanted.value, allowed=allowed)
    return wanted


def require(present: OrderState, among: Iterable[OrderState], wanted: str) -> None:
    """Raises `IllegalTransition` unless the order is in one of these states."""
    if present not in among:
        raise IllegalTransition(state=present.value, wanted=wanted, allowed=sorted(NEXT_STATES[present]))


def bounded(quantity: Decimal, unit_price: Decimal, discount: Decimal, field: str) -> None:
    """Raises `OutOfBounds` with the line when its amount exceeds the bound of a line.

    This bounds the totals of an order for any lines, also when two systems add lines concurrently.
    """
    at_most(LARGEST_LINE, line_amount(quantity, unit_price, discount), field)


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


def refusal_of(state: OrderState, kind: RequestKind) -> str | None:
    """The reason why a request cannot be granted in this state; None when it can."""
    if kind is RequestKind.CANCEL and state in (*UNSHIPPED, OrderState.CANCELLED):
        return None
    if kind is RequestKind.CHANGE and state in CHANGEABLE:
        return None
    return f"The order is {state.value.replace('_', ' ')}."


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
