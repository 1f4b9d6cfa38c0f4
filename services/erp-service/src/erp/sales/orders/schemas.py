"""Shapes of requests and responses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from chassis.described import ProblemFacts
from chassis.replication import Shown
from contracts.custom import OwnValues
from contracts.customer import Address
from contracts.decimals import InCurrency
from contracts.order import OrderAnswer, OrderReason, OrderRequest, OrderState, ShipmentKind
from contracts.product import Count, Quantity
from contracts.text import NotesText, OptionalNameText, OptionalShortText, blank_to_none, refuse
from contracts.values import Amount, CurrencyCode, Money, Number
from lines.pricing import Source
from lines.schemas import ChargeBodies, ChargeOut, LineBody, TaxOut
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from erp.sales.orders.models import Order, OrderLine, Shipment

Today = Field(default=None, description="Today, unless another day is given.")
EXAMPLE: dict[str, Any] = {
    "customer_id": "01900000-0000-7000-8000-000000000001",
    "currency": "EUR",
    "lines": [{"product_id": "01900000-0000-7000-8000-000000000002", "quantity": "12", "discount": "0.05"}],
}


class Body(BaseModel):
    """The body of a request: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid")


class OrderLineBody(LineBody):
    """A line of an order; with `id` an existing one. Omitted fields come from price lists, tax rates, the product."""

    position: Annotated[int, Field(ge=1, le=10_000)] | None = Field(default=None, description="Default: at the end.")


class OrderBody(Body):
    """An order as a client sends it. Lines that a change omits are removed from the order."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    customer_id: UUID
    currency: CurrencyCode | None = Field(default=None, description="Default: the customer's, else the company's.")
    ordered_on: date | None = Today
    required_on: date | None = None
    reference: OptionalShortText = Field(default=None, description="The customer's reference of the order.")
    shipping_address: Address | None = None
    whole: bool = Field(default=False, description="Ship the order as a whole or not at all.")
    notes: NotesText = ""
    lines: Annotated[list[OrderLineBody], Field(max_length=200)] = []
    charges: ChargeBodies = []
    custom: OwnValues = Field(default={})


class HoldBody(Body):
    """The reason of the hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The customer asked to wait"}]})

    reason: NotesText = Field(min_length=1)


class CancelBody(Body):
    """The reason of the cancellation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Ordered twice"}]})

    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None


class QuantityBody(Body):
    """A quantity of an order's line."""

    line_id: UUID
    quantity: Quantity


class _Quantities(Body):
    lines: Annotated[list[QuantityBody], Field(min_length=1, max_length=200)] | None

    @model_validator(mode="after")
    def _each_line_once(self) -> Self:
        lines = [each.line_id for each in self.lines or ()]
        if len(set(lines)) < len(lines):
            raise refuse("lines", "each line may be listed once", "lines")
        return self

    @property
    def quantities(self) -> dict[UUID, Decimal]:
        return {each.line_id: each.quantity for each in self.lines or ()}


class ShipmentBody(_Quantities):
    """The shipped quantities; without `lines` everything that is reserved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"carrier": "Speedy Express", "tracking": "SE-1001", "shipped_on": "2026-11-20"}]
        }
    )

    lines: Annotated[list[QuantityBody], Field(min_length=1, max_length=200)] | None = None
    shipped_on: date | None = Today
    carrier: OptionalNameText = None
    tracking: OptionalNameText = None
    warehouse_id: UUID | None = Field(default=None, description="Ship from this warehouse only.")


class ReturnBody(_Quantities):
    """The returned quantities of shipped goods."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"line_id": "01936f2b-3e00-7a10-8b00-000000000011", "quantity": "2"}],
                    "returned_on": "2026-11-27",
                }
            ]
        }
    )

    lines: Annotated[list[QuantityBody], Field(min_length=1, max_length=200)]
    returned_on: date | None = Today
    warehouse_id: UUID | None = Field(default=None, description="The receiving warehouse; default: the default one.")


class OrderLineOut(BaseModel):
    """A line, its amount, and its progress. `price_from` is the source of its price."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    position: int
    product_id: UUID
    description: str | None
    quantity: Number
    unit_price: Money
    discount: Number
    tax_class: str
    tax_rate: Number
    price_from: Source
    net: Amount
    shipped: Number
    returned: Number
    invoiced: Number

    @classmethod
    def of_line(cls, line: OrderLine, currency: str) -> Self:
        """The answer for a line of an order in this currency."""
        values = {name: getattr(line, name) for name in cls.model_fields if name != "net"}
        return cls.model_validate({**values, "net": line.net(currency)})


class AddressOut(BaseModel):
    """A stored address."""

    lines: list[str]
    postal_code: str | None
    city: str | None
    region: str | None
    country: str | None


class OrderOut(InCurrency, Shown):
    """An order. `on_order`: what it will still be invoiced for; `answer`: what was said to `request`."""

    number: str | None
    sales_number: str | None
    customer_id: UUID
    state: OrderState
    currency: str
    ordered_on: date
    required_on: date | None
    submitted_at: datetime | None
    reference: str | None
    shipping_address: AddressOut | None
    whole: bool
    notes: str
    reason: OrderReason | None
    request: OrderRequest | None
    answer: OrderAnswer | None
    lines: list[OrderLineOut]
    net: Amount
    tax: Amount
    total: Amount
    taxes: list[TaxOut]
    charges: list[ChargeOut]
    on_order: Money
    custom: dict[str, Any]

    @classmethod
    def of(cls, row: Order, **more: Any) -> Self:  # type: ignore[override]  # An order's answer is made of an order.
        """The answer for an order with its lines."""
        totals = row.totals
        return super().of(
            row,
            lines=[OrderLineOut.of_line(line, row.currency) for line in row.lines],
            net=totals.net,
            tax=totals.tax,
            total=totals.total,
            taxes=TaxOut.all_of(totals.taxes),
            charges=ChargeOut.all_of(row.charged),
            **more,
        )


class LineProgress(BaseModel):
    """The progress of one line."""

    line_id: UUID
    product_id: UUID
    ordered: Count
    reserved: Count = Field(description="Reserved, ready to ship.")
    back_ordered: Count = Field(description="Neither shipped nor reserved: it waits for receipts.")
    shipped: Count
    returned: Count
    invoiced: Count


class OrderProgress(BaseModel):
    """The progress of an order, line by line."""

    order_id: UUID
    state: OrderState
    lines: list[LineProgress]


class ShipmentLineOut(BaseModel):
    """A line of an order in a shipment; in a return `invoiced` is the credited quantity."""

    model_config = ConfigDict(from_attributes=True)

    line_id: UUID
    quantity: Number
    invoiced: Number


class ShipmentOut(Shown):
    """A shipment, or a return."""

    number: str
    kind: ShipmentKind
    order_id: UUID
    shipped_on: date
    carrier: str | None
    tracking: str | None
    lines: list[ShipmentLineOut]

    @classmethod
    def of(cls, row: Shipment, **more: Any) -> Self:  # type: ignore[override]  # As with an order.
        """The answer for a shipment with its lines."""
        return super().of(row, **more)


class OrderFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    product_id: UUID | None = Field(default=None, description="Orders with a line of this product.")
    state: OrderState | None = None
    number: str | None = Field(default=None, examples=["O-000001"])
    sales_number: str | None = Field(default=None, description="The CRM's number of the order.")
    reference: str | None = None
    ordered_from: date | None = None
    ordered_until: date | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"


class ShipmentFilters(BaseModel):
    """Filters of the list of shipments."""

    canonical_id: UUID | None = None
    order_id: UUID | None = None
    customer_id: UUID | None = None
    number: str | None = Field(default=None, examples=["S-000001"])
    kind: ShipmentKind | None = None
    shipped_from: date | None = None
    shipped_until: date | None = None
    to_invoice: bool | None = Field(default=None, description="Whether a part of it is not billed yet.")


SHIPPED: JsonDict = {
    "order_id": "01936f2b-3e00-7a10-8b00-000000000007",
    "carrier": "Speedy Express",
    "tracking": "SE-1001",
}


class ShipmentItem(ShipmentBody):
    """A shipment of one order."""

    model_config = ConfigDict(json_schema_extra={"examples": [SHIPPED]})

    order_id: UUID


class ShipmentBatch(Body):
    """Up to 200 shipments."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [SHIPPED]}]})

    items: Annotated[list[ShipmentItem], Field(min_length=1, max_length=200)]


class ShipmentResult(BaseModel):
    """The outcome of one item; `problem` gives the reason of a refusal."""

    outcome: Literal["shipped", "refused"]
    order_id: UUID
    id: UUID | None = None
    number: str | None = None
    state: OrderState | None = Field(default=None, description="The order after shipping.")
    problem: ProblemFacts | None = None


class ShipmentResults(BaseModel):
    """The results, in the order of the items."""

    items: list[ShipmentResult]
