"""Values of the groups of an order and of its shipments, and the states through which an order goes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from contracts.product import Count, Fraction, Quantity, TaxClass, UnitPrice
from contracts.references import AnyReference
from contracts.text import NotesText, OptionalNameText, ShortText, blank_to_none
from contracts.values import Value


class OrderState(StrEnum):
    """`closed` is shipped, invoiced and paid in full."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ON_HOLD = "on_hold"
    CONFIRMED = "confirmed"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    INVOICED = "invoiced"
    CLOSED = "closed"
    CANCELLED = "cancelled"


NEXT_STATES: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.DRAFT: frozenset({OrderState.SUBMITTED, OrderState.CANCELLED}),
    OrderState.SUBMITTED: frozenset({OrderState.CONFIRMED, OrderState.ON_HOLD, OrderState.CANCELLED}),
    OrderState.ON_HOLD: frozenset({OrderState.CONFIRMED, OrderState.CANCELLED}),
    OrderState.CONFIRMED: frozenset(
        {OrderState.ON_HOLD, OrderState.PARTLY_SHIPPED, OrderState.SHIPPED, OrderState.CANCELLED}
    ),
    OrderState.PARTLY_SHIPPED: frozenset({OrderState.SHIPPED}),
    OrderState.SHIPPED: frozenset({OrderState.INVOICED}),
    OrderState.INVOICED: frozenset({OrderState.CLOSED}),
    OrderState.CLOSED: frozenset(),
    OrderState.CANCELLED: frozenset(),
}
"""State -> the states that may come next; what is not listed is refused. Cancelled and shipped cannot be joined."""

FIXED_STATES = frozenset(OrderState) - {OrderState.DRAFT}
"""From being submitted on, only the ERP changes what was ordered."""


class OrderDates(Value):
    """When it was ordered, and when the customer needs it."""

    ordered_on: date
    required_on: date | None = None


class OrderLine(Value):
    """One line. `product` is the id that the product has in the system that sends it; `discount` a fraction."""

    position: Annotated[int, Field(ge=1, le=10_000)]
    product: ShortText
    description: OptionalNameText = None
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction = Decimal(0)
    tax_class: TaxClass
    tax_rate: Fraction


class GoldenOrderLine(OrderLine):
    """The same in the hub."""

    product: AnyReference  # type: ignore[assignment]  # the one field that the hub names in its own way


class RequestKind(StrEnum):
    CANCEL = "cancel"
    CHANGE = "change"


class LineWish(Value):
    """The quantity that a line shall have; zero takes it out."""

    line: UUID
    quantity: Count


class OrderRequest(Value):
    """What sales asks of the ERP about an order that it has submitted."""

    id: UUID
    kind: RequestKind
    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None
    lines: Annotated[tuple[LineWish, ...], Field(max_length=200)] = ()


class AnswerOutcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class OrderAnswer(Value):
    """What the ERP says to the request with this id, and why."""

    request: UUID
    outcome: AnswerOutcome
    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None


class OrderReason(Value):
    """Why an order stands where it stands: a code for programs (`credit-exceeded`), a sentence for people."""

    code: ShortText
    text: NotesText


class ShipmentKind(StrEnum):
    SHIPMENT = "shipment"
    RETURN = "return"


class ShipmentDocument(Value):
    """What stands on a delivery note, or on the receipt of a return."""

    number: ShortText
    kind: ShipmentKind
    shipped_on: date
    carrier: OptionalNameText = None
    tracking: OptionalNameText = None


class ShippedLine(Value):
    """How much of an order line is in a shipment; `line_id` is the id that the line has everywhere.

    `line` is what it was called before; events of version 1 have both.
    """

    line: UUID
    line_id: UUID | None = None
    quantity: Quantity

    @model_validator(mode="before")
    @classmethod
    def _under_both_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        line_id = value.get("line_id") or value.get("line")
        return {**value, "line": line_id, "line_id": line_id}


ShippedLines = Annotated[tuple[ShippedLine, ...], Field(min_length=1, max_length=200)]
