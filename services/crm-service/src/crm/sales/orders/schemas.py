"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from chassis.replication import Shown
from contracts.custom import OwnValues
from contracts.customer import Address
from contracts.decimals import InCurrency
from contracts.order import (
    LineId,
    LineWish,
    OrderAnswer,
    OrderReason,
    OrderRequest,
    OrderState,
    RequestKind,
    ShipmentKind,
)
from contracts.product import Fraction, Quantity, UnitPrice
from contracts.text import NotesText, Optional, OptionalShortText, blank_to_none, refuse
from contracts.values import Amount, CurrencyCode, Number
from lines.amounts import totals_of
from lines.pricing import Source
from lines.schemas import ChargeBodies, ChargeOut, LineBody, TaxOut
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crm.sales.orders.models import OrderLine
from crm.sales.orders.rules import PaymentStatus

Why = Annotated[NotesText, Field(min_length=1)]


class OrderLineBody(LineBody):
    """One line of an order as a client sends it; with `id` an existing one."""


class OrderBody(BaseModel):
    """An order as a client sends it; `customer_id` is required, and the currency if the customer has none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "customer_id": "01900000-0000-7000-8000-00000000000a",
                    "currency": "EUR",
                    "lines": [{"product_id": "01900000-0000-7000-8000-00000000000b", "quantity": "12"}],
                }
            ]
        },
    )

    customer_id: UUID = Field(description="The customer's id in this service.")
    currency: Optional[CurrencyCode] = Field(default=None, description="Default: the customer's.")
    ordered_on: date | None = Field(default=None, description="Default: today.")
    required_on: date | None = None
    reference: OptionalShortText = Field(default=None, description="The customer's reference of the order.")
    shipping_address: Address | None = Field(default=None, description="Default: the customer's.")
    whole: bool = Field(default=False, description="Ship the order as a whole or not at all.")
    notes: NotesText = ""
    lines: Annotated[list[OrderLineBody], Field(max_length=200)] = []
    charges: ChargeBodies = []
    custom: OwnValues = Field(default={})


class NewOrder(OrderBody):
    """A new order; `submit` submits it to the ERP at once."""

    deal_id: UUID | None = Field(default=None, description="The deal that was won by this order.")
    submit: bool = False


class CancelBody(BaseModel):
    """The reason of the cancellation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "Ordered twice"}]})

    reason: Why


class RequestBody(BaseModel):
    """A request to the ERP about an order; `lines` are the requested quantities of a change."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "cancel", "reason": "The customer closes the branch"}]}
    )

    kind: RequestKind
    reason: Annotated[NotesText | None, BeforeValidator(blank_to_none)] = None
    lines: Annotated[list[LineWish], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _a_change_says_what_changes(self) -> Self:
        if (self.kind == RequestKind.CHANGE) != bool(self.lines):
            raise refuse("lines", "a change needs lines with their quantities; a cancellation has none", "lines")
        if len({wish.line_id for wish in self.lines}) < len(self.lines):
            raise refuse("lines", "each line may be listed once", "lines")
        return self


class LineOut(BaseModel):
    """A line. `price_from` and `tax_from` are the sources of its price and its tax rate."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    product_id: UUID
    description: str | None
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction
    tax_class: str
    tax_rate: Fraction
    net: Amount
    price_from: Source
    price_list_id: UUID | None
    tax_from: Source


class OrderListed(InCurrency, Shown):
    """An order in a list, without its lines. `sales_number` is the CRM's, `number` the ERP's."""

    sales_number: str | None
    number: str | None
    reference: str | None
    customer_id: UUID
    deal_id: UUID | None = Field(description="The deal of the order; the ERP has no deals.")
    state: OrderState
    reason: OrderReason | None
    currency: str
    ordered_on: date
    required_on: date | None
    submitted_at: datetime | None
    net: Amount
    tax: Amount
    total: Amount
    request_open: bool = Field(description="Whether a request to the ERP has no answer yet.")
    custom: dict[str, Any]


class OrderOut(OrderListed):
    """A whole order, as entered."""

    shipping_address: Address | None
    whole: bool
    notes: str
    request: OrderRequest | None
    answer: OrderAnswer | None
    taxes: list[TaxOut]
    lines: list[LineOut]
    charges: list[ChargeOut]

    @classmethod
    def of(cls, row: Any, **more: Any) -> Self:
        """The answer for an order with its lines."""
        charges = row.charged
        taxes = TaxOut.all_of(totals_of(row.lines, charges, row.currency).taxes)
        lines = [line_out(line, row.currency) for line in row.lines]
        return super().of(row, **{"taxes": taxes, "lines": lines, "charges": ChargeOut.all_of(charges), **more})


class LineView(LineOut):
    """A line with its progress: `returned` is part of `shipped`; credited quantities are not in `invoiced`."""

    shipped: Number
    returned: Number
    invoiced: Number


class ShipmentLineOut(BaseModel):
    """The quantity of an order's line in a shipment."""

    line_id: LineId
    quantity: Quantity


class ShipmentOut(Shown):
    """A shipment to the customer, or a return from the customer."""

    order_id: UUID
    number: str
    kind: ShipmentKind
    shipped_on: date
    carrier: str | None
    tracking: str | None
    lines: list[ShipmentLineOut]


class InvoiceListed(BaseModel):
    """An invoice that bills lines of the order, and possibly of others."""

    id: UUID
    number: str
    issued_on: date
    due_on: date | None
    total: Amount
    open: Amount


class PaymentView(BaseModel):
    """The payment status of the invoices; `open` is the unpaid part. Without an invoice all amounts are zero."""

    status: PaymentStatus
    invoiced: Amount
    open: Amount
    invoices: list[InvoiceListed]


class OrderView(OrderOut):
    """An order with its progress in the ERP."""

    lines: list[LineView]  # type: ignore[assignment]  # A list that is only read may hold more.
    shipments: list[ShipmentOut]
    payment: PaymentView


class OrderFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in the numbers, or the customer's name.")
    customer_id: UUID | None = None
    deal_id: UUID | None = None
    state: list[OrderState] = Field(default=[], description="Any of these.")
    canonical_id: UUID | None = None
    sales_number: str | None = Field(default=None, examples=["SO-000001"])
    number: str | None = None
    reference: str | None = None
    currency: str | None = None
    ordered_from: date | None = None
    ordered_until: date | None = None
    request_open: bool | None = None
    updated_since: datetime | None = None
    archived: Literal["false", "true", "any"] = "false"


class ShipmentFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    order_id: UUID | None = None
    number: str | None = None
    kind: ShipmentKind | None = None
    canonical_id: UUID | None = None


def line_out(line: OrderLine, currency: str) -> LineOut:
    """A line with its amount."""
    values = {name: getattr(line, name) for name in LineOut.model_fields if name != "net"}
    return LineOut.model_validate({**values, "net": line.net(currency)})
