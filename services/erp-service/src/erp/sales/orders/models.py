"""The tables of orders and shipments, and the transitions of an order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.replication import Replicated
from chassis.tenant_settings import TenantSetting
from contracts.charge import ListedCharge
from contracts.money import Totals
from contracts.order import OrderReason, OrderState, ShipmentKind
from custom_fields.columns import OwnFields
from lines.amounts import bounded, totals_of, totals_with
from lines.columns import Charges, OrderedLine
from lines.pricing import PricedLine, Source
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.sales.orders.rules import (
    COUNTING,
    NOT_PROCESSED,
    NOTHING,
    MoreThanOrdered,
    MoreThanShipped,
    Progress,
    all_invoiced,
    all_shipped,
    from_others,
    left_to_invoice,
    left_to_ship,
    next_state,
)
from erp.tables import Base

JsonValue = JSONB(none_as_null=True)
ZERO = text("0")
LEFT_TO_DO = """
    archived_at is null and (
        state = 'submitted'
        or (state = 'cancelled' and holds_stock)
        or (request is not null and (answer is null or answer ->> 'request' <> request ->> 'id'))
    )
"""
"""Pending work of the worker: orders to decide, cancelled ones with reserved stock, requests without an answer."""


class OrderLine(OrderedLine, Base):
    """One line; its id is the same in all systems. `price_from` is the source of its price."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("0 <= returned and returned <= shipped and shipped <= quantity", name="shipped"),
        CheckConstraint("0 <= invoiced and invoiced <= shipped", name="invoiced"),
        Index(None, "order_id"),
        Index(None, "product_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    shipped: Mapped[Decimal] = mapped_column(server_default=ZERO)
    returned: Mapped[Decimal] = mapped_column(server_default=ZERO)
    invoiced: Mapped[Decimal] = mapped_column(server_default=ZERO)

    @property
    def left(self) -> Decimal:
        """The quantity that is not shipped."""
        return left_to_ship(self.quantity, self.shipped)

    @property
    def progress(self) -> Progress:
        return Progress(self.quantity, self.shipped, self.returned, self.invoiced)

    def change(self, value: Mapping[str, Any]) -> None:
        """Set the fields of a validated value in its published form."""
        self.position, self.product_id = value["position"], UUID(value["product"])
        self.description, self.tax_class = value["description"], value["tax_class"]
        for field in ("quantity", "unit_price", "discount", "tax_rate"):
            setattr(self, field, Decimal(value[field]))

    def ship(self, quantity: Decimal) -> None:
        """Add a shipped quantity. Raises `MoreThanOrdered`."""
        if quantity > self.left:
            raise MoreThanOrdered(line=str(self.id), left=self.left, wanted=quantity)
        self.shipped += quantity

    def take_back(self, quantity: Decimal) -> None:
        """Add a returned quantity. Raises `MoreThanShipped`."""
        if quantity > self.shipped - self.returned:
            raise MoreThanShipped(line=str(self.id), left=self.shipped - self.returned, wanted=quantity)
        self.returned += quantity

    def bill(self, quantity: Decimal) -> None:
        """Add a billed quantity, or a negative credited one. Raises `MoreThanShipped`."""
        if not 0 <= self.invoiced + quantity <= self.shipped:
            raise MoreThanShipped(line=str(self.id), left=self.shipped - self.invoiced, wanted=quantity)
        self.invoiced += quantity


class Order(OwnFields, Charges, Replicated, Base):
    """An order. `number` is given when the ERP takes it on; `sales_number` is what the CRM calls it.

    `holds_stock`: there are reservations or back orders for its lines. `on_order`: the amount still to be invoiced, tax
    included, from its confirmation on; it counts against the customer's credit limit.
    """

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("id"),
        unique("number"),
        Index(None, "tenant_id", "ordered_on", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "customer_id", "ordered_on"),
        Index(None, "tenant_id", "sales_number"),
        Index(None, "tenant_id", "reference"),
        Index("ix_orders_on_order", "customer_id", postgresql_where=text("on_order <> 0")),
        Index("ix_orders_left_to_do", "submitted_at", "id", postgresql_where=text(LEFT_TO_DO)),
    )

    number: Mapped[str | None] = mapped_column(Text)
    sales_number: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    ordered_on: Mapped[date]
    required_on: Mapped[date | None]
    submitted_at: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(Text)
    shipping_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    whole: Mapped[bool] = mapped_column(server_default=text("false"))
    notes: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[JsonObject | None] = mapped_column(JsonValue)
    request: Mapped[JsonObject | None] = mapped_column(JsonValue)
    answer: Mapped[JsonObject | None] = mapped_column(JsonValue)
    holds_stock: Mapped[bool] = mapped_column(server_default=text("false"))
    on_order: Mapped[Decimal] = mapped_column(server_default=ZERO)
    charges_billed: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)

    lines: Mapped[list[OrderLine]] = relationship(
        lazy="raise", order_by=(OrderLine.position, OrderLine.id), cascade="all, delete-orphan"
    )

    @classmethod
    def blank(cls) -> Self:
        """A new order with the defaults."""
        return cls(
            number=None,
            sales_number=None,
            state=OrderState.DRAFT.value,
            required_on=None,
            submitted_at=None,
            reference=None,
            shipping_address=None,
            whole=False,
            notes="",
            reason=None,
            request=None,
            answer=None,
            holds_stock=False,
            on_order=NOTHING,
            lines=[],
            charges=[],
            charges_billed=[],
        )

    @property
    def present(self) -> OrderState:
        """The state, as an enum."""
        return OrderState(self.state)

    @property
    def is_new(self) -> bool:
        """Not announced yet: it is being entered, or delivered for the first time."""
        return not self.seq

    @property
    def totals(self) -> Totals:
        """The totals of the order."""
        return totals_of(self.lines, self.charged, self.currency)

    @property
    def to_invoice(self) -> Decimal:
        """The amount still to be invoiced, tax included."""
        quantities = [(line, left_to_invoice(line.quantity, line.returned, line.invoiced)) for line in self.lines]
        nets = [(line.net(self.currency, left), line.tax_rate) for line, left in quantities]
        return totals_with(nets, self.charges_to_bill if any(net for net, _ in nets) else (), self.currency).total

    @property
    def charges_to_bill(self) -> list[ListedCharge]:
        """The charges that no invoice has; the first one of the order takes them all."""
        return [each for each in self.charged if str(each.id) not in self.charges_billed]

    def bill_charges(self, charge_ids: Iterable[UUID], *, credited: bool = False) -> None:
        """Count charges as billed, or no longer so."""
        ids = {str(each) for each in charge_ids}
        others = [each for each in self.charges_billed if each not in ids]
        self.charges_billed = others if credited else [*others, *sorted(ids)]

    @property
    def unanswered(self) -> bool:
        """Whether a request of sales has no answer."""
        return self.request is not None and (self.answer or {}).get("request") != self.request["id"]

    def line(self, line_id: UUID) -> OrderLine | None:
        return next((line for line in self.lines if line.id == line_id), None)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            match field:
                case "customer_id":
                    self.customer_id = UUID(value) if value else None  # type: ignore[assignment]  # The database refuses None.
                case "ordered_on" | "required_on":
                    setattr(self, field, date.fromisoformat(value) if value else None)
                case "submitted_at":
                    self.submitted_at = datetime.fromisoformat(value) if value else None
                case _:
                    setattr(self, field, value)

    def set_lines(self, lines: Sequence[PricedLine], positions: Sequence[int | None]) -> None:
        """Replace the lines by these; without a position a new one is the last. Raises `OutOfBounds` with the line."""
        kept = {line.id for line in lines}
        self.lines = [line for line in self.lines if line.id in kept]
        for index, (priced, position) in enumerate(zip(lines, positions, strict=True)):
            bounded(priced.body.quantity, priced.unit_price, priced.body.discount, f"lines[{index}]")
            last = max((each.position for each in self.lines), default=0)
            line = self.line(priced.id) or self._add_line(priced.id)
            line.position = position or line.position or last + 1
            line.price_from = priced.price_from
            for field, value in priced.values.items():
                setattr(line, field, value)

    def set_line(self, line_id: UUID, value: Mapping[str, Any] | None) -> None:
        """Set one line from a delivery; None removes it. Raises `OutOfBounds`."""
        line = self.line(line_id)
        if value is None:
            self.lines = [each for each in self.lines if each is not line]
            return
        quantity, unit_price, discount = (Decimal(value[name]) for name in ("quantity", "unit_price", "discount"))
        bounded(quantity, unit_price, discount, f"line:{line_id}")
        line = line or self._add_line(line_id)
        if line.unit_price != unit_price:
            line.price_from = Source.DELIVERED.value
        line.change(value)

    def _add_line(self, line_id: UUID) -> OrderLine:
        line = OrderLine(id=line_id, shipped=NOTHING, returned=NOTHING, invoiced=NOTHING)
        self.lines.append(line)
        return line

    def wish(self, line_id: UUID, quantity: Decimal) -> None:
        """Set the quantity of a line; None removes it. Raises `OutOfBounds`."""
        line = self.line(line_id)
        if line is not None and quantity:
            bounded(quantity, line.unit_price, line.discount, f"line:{line_id}")
            line.quantity = quantity
        elif line is not None:
            self.lines.remove(line)

    def go(self, wanted: OrderState) -> None:
        """Set the next state. Raises `IllegalTransition`."""
        self._enter(next_state(self.present, wanted))

    def follow(self, wanted: OrderState) -> None:
        """Set the state delivered by another system. Raises `IllegalTransition`."""
        if wanted is not self.present:
            self._enter(from_others(self.present, wanted))

    def _enter(self, state: OrderState) -> None:
        """A cancelled order is not invoiced; its reserved stock is released by the caller or the worker."""
        self.state = state.value
        self.succeed()
        if state is OrderState.CANCELLED:
            self.on_order = NOTHING

    def fail(self, text: str) -> None:
        """Store that the order could not be processed; a reason set by people or rules stays."""
        if self.reason is None or self.reason["code"] == NOT_PROCESSED:
            self.reason = OrderReason(code=NOT_PROCESSED, text=text).model_dump(mode="json")

    def succeed(self) -> None:
        """Remove the reason that `fail` stored."""
        if self.reason is not None and self.reason["code"] == NOT_PROCESSED:
            self.reason = None

    def ship(self, quantities: Mapping[UUID, Decimal]) -> None:
        """Add shipped quantities, by line. Raises `IllegalTransition` or `MoreThanOrdered`."""
        for line in self.lines:
            line.ship(quantities.get(line.id, NOTHING))
        self.advance()

    def take_back(self, quantities: Mapping[UUID, Decimal]) -> None:
        """Add returned quantities, by line. Raises `MoreThanShipped`."""
        for line in self.lines:
            line.take_back(quantities.get(line.id, NOTHING))
        self.advance()

    def bill(self, quantities: Mapping[UUID, Decimal]) -> None:
        """Add billed quantities, by line; credited quantities are negative. Raises `MoreThanShipped`."""
        for line in self.lines:
            line.bill(quantities.get(line.id, NOTHING))
        self.advance()

    def advance(self) -> None:
        """Set the state that follows from the shipped and billed quantities."""
        progress = [line.progress for line in self.lines]
        if (
            self.present is OrderState.CONFIRMED
            and any(line.shipped for line in progress)
            and not all_shipped(progress)
        ):
            self.go(OrderState.PARTLY_SHIPPED)
        if self.present in (OrderState.CONFIRMED, OrderState.PARTLY_SHIPPED) and all_shipped(progress):
            self.go(OrderState.SHIPPED)
            self.holds_stock = False
        if self.present is OrderState.SHIPPED and all_invoiced(progress):
            self.go(OrderState.INVOICED)
        if self.present is OrderState.INVOICED and not any(
            line.invoiced or line.shipped > line.returned for line in progress
        ):
            self.go(OrderState.CLOSED)  # Everything was returned before it was billed, so no payment will follow.
        if self.present in COUNTING or (self.present is OrderState.ON_HOLD and self.holds_stock):
            self.on_order = self.to_invoice


class OrderSetting(TenantSetting, Base):
    """A setting that a tenant has declared for its orders: `discount-limits`."""

    __tablename__ = "order_settings"


class ShipmentLine(Base):
    """The quantity of an order's line in a shipment or a return, and its invoiced or credited part."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("0 <= invoiced and invoiced <= quantity", name="invoiced"),
        Index(None, "line_id"),
    )

    shipment_id: Mapped[UUID] = mapped_column(ForeignKey("shipments.id"), primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.id"), primary_key=True)
    quantity: Mapped[Decimal]
    invoiced: Mapped[Decimal] = mapped_column(server_default=ZERO, default=NOTHING)


class Shipment(Replicated, Base):
    """One shipment or return. It is never changed, except for its invoiced quantity."""

    __tablename__ = "shipments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        CheckConstraint("kind in ('shipment', 'return')", name="kind"),
        unique("id"),
        unique("number"),
        Index(None, "tenant_id", "shipped_on", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "order_id"),
    )

    number: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    order_id: Mapped[UUID]
    shipped_on: Mapped[date]
    carrier: Mapped[str | None] = mapped_column(Text)
    tracking: Mapped[str | None] = mapped_column(Text)

    lines: Mapped[list[ShipmentLine]] = relationship(
        lazy="raise", order_by=ShipmentLine.line_id, cascade="all, delete-orphan"
    )

    @property
    def is_return(self) -> bool:
        return self.kind == ShipmentKind.RETURN


def quantities_of(lines: Iterable[ShipmentLine]) -> dict[UUID, Decimal]:
    """Quantity by order line."""
    return {line.line_id: line.quantity for line in lines}
