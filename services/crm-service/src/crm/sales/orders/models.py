"""The tables of orders, their lines and shipments, and the transitions that sales may make."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.errors import Conflict
from chassis.replication import Replicated
from contracts.charge import ListedCharge
from contracts.order import OrderAnswer, OrderReason, OrderRequest, OrderState, ShipmentKind, ShippedLine
from custom_fields.columns import OwnFields
from lines.amounts import bounded, totals_of
from lines.columns import Charges, OrderedLine
from lines.pricing import NoSuchLine, Source
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.sales.orders.rules import ALLOWED, Action, is_open
from crm.tables import Base

JsonValue = JSONB(none_as_null=True)
NOTHING = Decimal(0)


class OrderStateForbids(Conflict):
    code = "order-state-forbids"
    title = "The order's state does not allow this"
    detail = "The order is {state}: in this state it is not possible to {wanted}."
    hint = "Use one of `allowed`. For an order that the ERP decides on, POST to the order's `requests`."


class NothingOrdered(Conflict):
    code = "nothing-ordered"
    title = "The order has no lines"
    hint = "Add a line, then submit it."


class RequestOpen(Conflict):
    code = "request-open"
    title = "The ERP has not answered the last request yet"
    detail = "The open request is to {kind} the order."
    hint = "Wait for its `answer`; then send the request again."


class OrderLine(OrderedLine, Base):
    """One line of an order; it has the same id in every system. `price_list_id` is the list of its price."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        Index(None, "tenant_id", "product_id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    price_list_id: Mapped[UUID | None]
    tax_from: Mapped[str] = mapped_column(Text)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set validated values; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, value)


class Order(OwnFields, Charges, Replicated, Base):
    """An order of a customer. `sales_number` is the CRM's, `number` the ERP's.

    `deal_id` is known to the CRM alone. `net`, `tax`, `total`, `request_open` and `search` are derived. Values
    of several fields are stored in their published JSON form.
    """

    __tablename__ = "orders"
    __table_args__ = (
        # The tenant is part of the foreign key: an order cannot refer to a record of another tenant.
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deals.tenant_id", "deals.id"]),
        CheckConstraint(
            "state in ('draft', 'submitted', 'on_hold', 'confirmed', 'partly_shipped', 'shipped', 'invoiced', "
            "'closed', 'cancelled')",
            name="state",
        ),
        unique("id"),
        unique("sales_number"),
        Index(None, "tenant_id", "ordered_on", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "customer_id", "ordered_on"),
        Index(None, "tenant_id", "state", "ordered_on"),
        Index(None, "tenant_id", "number"),
        Index(None, "tenant_id", "deal_id", postgresql_where=text("deal_id is not null")),
    )

    sales_number: Mapped[str | None] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID]
    deal_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    ordered_on: Mapped[date]
    required_on: Mapped[date | None]
    submitted_at: Mapped[datetime | None]
    shipping_address: Mapped[JsonObject | None] = mapped_column(JsonValue)
    whole: Mapped[bool] = mapped_column(server_default=text("false"))
    notes: Mapped[str] = mapped_column(Text, server_default=text("''"))
    reason: Mapped[JsonObject | None] = mapped_column(JsonValue)
    request: Mapped[JsonObject | None] = mapped_column(JsonValue)
    answer: Mapped[JsonObject | None] = mapped_column(JsonValue)
    request_open: Mapped[bool] = mapped_column(server_default=text("false"))
    net: Mapped[Decimal] = mapped_column(server_default=text("0"))
    tax: Mapped[Decimal] = mapped_column(server_default=text("0"))
    total: Mapped[Decimal] = mapped_column(server_default=text("0"))
    search: Mapped[str] = mapped_column(Text)
    entered_now = False

    lines: Mapped[list[OrderLine]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by=(OrderLine.position, OrderLine.id)
    )

    @classmethod
    def blank(cls) -> Self:
        """A new draft; it is `entered_now` until it is read from the database again."""
        row = cls(
            state=OrderState.DRAFT.value,
            currency="",
            notes="",
            search="",
            lines=[],
            charges=[],
            whole=False,
            request_open=False,
            net=NOTHING,
            tax=NOTHING,
            total=NOTHING,
            sales_number=None,
            number=None,
            reference=None,
            customer_id=None,
            deal_id=None,
            ordered_on=None,
            required_on=None,
            submitted_at=None,
            shipping_address=None,
            reason=None,
            request=None,
            answer=None,
        )
        row.entered_now = True
        return row

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values, those of several fields in JSON form; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, value)
        self._derive()

    def allow(self, action: Action) -> None:
        """Raises `OrderStateForbids` unless sales may do this in the current state."""
        allowed = ALLOWED[OrderState(self.state)]
        if action not in allowed:
            raise OrderStateForbids(state=self.state, wanted=_WORDS[action], allowed=[each.value for each in allowed])

    def submit(self, now: datetime) -> None:
        """Submit the order to the ERP. Raises `OrderStateForbids`, `NothingOrdered`."""
        self.allow(Action.SUBMIT)
        if not self.lines:
            raise NothingOrdered(id=str(self.id))
        self.change({"state": OrderState.SUBMITTED.value, "submitted_at": now})

    def cancel(self, why: str) -> None:
        """Cancel the order. Raises `OrderStateForbids` once the ERP has decided on it."""
        self.allow(Action.CANCEL)
        reason = OrderReason(code="cancelled-by-sales", text=why)
        self.change({"state": OrderState.CANCELLED.value, "reason": reason.model_dump(mode="json")})

    def ask(self, request: OrderRequest) -> None:
        """Store a request to the ERP; only one may be open. Raises `OrderStateForbids`, `RequestOpen`, or
        `NoSuchLine`."""
        self.allow(Action.REQUEST)
        if self.request_open:
            raise RequestOpen(kind=(self.request or {})["kind"], request=(self.request or {})["id"])
        known = {line.id for line in self.lines}
        for number, wish in enumerate(request.lines):
            if wish.line_id not in known:
                raise NoSuchLine(line=str(wish.line_id), field=f"lines[{number}].line_id")
        self.change({"request": request.model_dump(mode="json")})

    def set_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Replace the lines of the order by these complete lines with ids, in this order. Raises `OutOfBounds`."""
        present = {line.id: line for line in self.lines}
        self.lines = [present.get(values["id"]) or OrderLine(id=values["id"]) for values in lines]
        for position, (line, values) in enumerate(zip(self.lines, lines, strict=True), start=1):
            line.change({**values, "position": position})
            bounded(line.quantity, line.unit_price, line.discount, f"lines[{position - 1}]")
        self._derive()

    def set_line(self, line_id: UUID, value: Mapping[str, Any] | None) -> None:
        """Set one line from a delivery; None removes it. Raises `OutOfBounds`."""
        if value is not None:
            bounded(value["quantity"], value["unit_price"], value["discount"], f"line:{line_id}")
        line = next((each for each in self.lines if each.id == line_id), None)
        if value is None:
            self.lines = [each for each in self.lines if each is not line]
        else:
            if line is None:
                line = OrderLine(id=line_id, unit_price=None, tax_rate=None)
                self.lines.append(line)
            line.change({**value, **_sources(line, value)})
        self._derive()

    def charge(self, charges: Iterable[ListedCharge]) -> None:
        """Take these charges in the place of what is there."""
        super().charge(charges)
        self._derive()

    def _derive(self) -> None:
        if self.currency:
            sums = totals_of(self.lines, self.charged, self.currency)
            self.net, self.tax, self.total = sums.net, sums.tax, sums.total
        request = OrderRequest.model_validate(self.request) if self.request else None
        self.request_open = is_open(request, OrderAnswer.model_validate(self.answer) if self.answer else None)
        names = (self.sales_number, self.number, self.reference)
        self.search = " ".join(name.casefold() for name in names if name)


class Shipment(Replicated, Base):
    """A shipment or a return, delivered by the ERP. `lines` are stored in their published JSON form, see `shipped`."""

    __tablename__ = "shipments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        CheckConstraint("kind in ('shipment', 'return')", name="kind"),
        Index(None, "tenant_id", "order_id"),
        Index(None, "tenant_id", "shipped_on", "id"),
    )

    order_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    shipped_on: Mapped[date]
    carrier: Mapped[str | None] = mapped_column(Text)
    tracking: Mapped[str | None] = mapped_column(Text)
    lines: Mapped[list[JsonObject]] = mapped_column(JSONB)

    @property
    def is_return(self) -> bool:
        return self.kind == ShipmentKind.RETURN

    @property
    def shipped(self) -> list[ShippedLine]:
        """Its lines as values."""
        return [ShippedLine.model_validate(each) for each in self.lines or ()]

    def quantity_of(self, line_id: UUID) -> Decimal:
        """The quantity of an order's line in this shipment."""
        return sum((each.quantity for each in self.shipped if each.line_id == line_id), NOTHING)


_WORDS = {
    Action.CHANGE: "change it",
    Action.SUBMIT: "submit it",
    Action.CANCEL: "cancel it here",
    Action.ARCHIVE: "archive it",
    Action.REQUEST: "send a request",
}


def _sources(line: OrderLine, value: Mapping[str, Any]) -> dict[str, Any]:
    """The source of a price or a rate that another system has set."""
    sources: dict[str, Any] = {}
    if line.unit_price != value["unit_price"]:
        sources |= {"price_from": Source.DELIVERED.value, "price_list_id": None}
    if line.tax_rate != value["tax_rate"]:
        sources["tax_from"] = Source.DELIVERED.value
    return sources
