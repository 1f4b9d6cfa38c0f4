"""Values of the groups of an order and of its shipments, and the states of an order."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AliasChoices, BeforeValidator, Field

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
"""State -> the states that may come next; others are refused. Cancelled and shipped cannot be joined."""

FIXED_STATES = frozenset(OrderState) - {OrderState.DRAFT}
"""From `submitted` on, only the ERP changes the ordered items."""


class OrderDates(Value):
    """The date of the order, and the date on which the customer needs it."""

    ordered_on: date
    required_on: date | None = None


class OrderLine(Value):
    """One line. `product` is the id of the product in the sending system; `discount` is a fraction."""

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


LineId = Annotated[UUID, Field(validation_alias=AliasChoices("line_id", "line"))]
"""The id of an order's line in every system. Stored values may have its earlier name, `line`."""


class LineWish(Value):
    """The requested quantity of a line; zero removes the line."""

    line_id: LineId
    quantity: Count


class OrderRequest(Value):
    """A request of sales to the ERP about a submitted order."""

    id: UUID
    kind: RequestKind
    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None
    lines: Annotated[tuple[LineWish, ...], Field(max_length=200)] = ()


def published_request(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A stored request in its published form."""
    return OrderRequest.model_validate(stored).model_dump(mode="json") if stored else None


class AnswerOutcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


class OrderAnswer(Value):
    """The ERP's answer to the request with this id, and the reason."""

    request: UUID
    outcome: AnswerOutcome
    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None


class OrderReason(Value):
    """The reason for the state of an order: a code for programs (`credit-exceeded`), a sentence for people."""

    code: ShortText
    text: NotesText


class ShipmentKind(StrEnum):
    SHIPMENT = "shipment"
    RETURN = "return"


class ShipmentDocument(Value):
    """The header of a delivery note, or of the receipt of a return."""

    number: ShortText
    kind: ShipmentKind
    shipped_on: date
    carrier: OptionalNameText = None
    tracking: OptionalNameText = None


class ShippedLine(Value):
    """The shipped quantity of an order line."""

    line_id: LineId
    quantity: Quantity


ShippedLines = Annotated[tuple[ShippedLine, ...], Field(min_length=1, max_length=200)]
