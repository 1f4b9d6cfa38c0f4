"""The tables of inventory, and the changes of a level. Moves are never changed: a trigger refuses it."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.db import Summed, unique, uuid7
from chassis.errors import Conflict, Malformed
from chassis.replication import Replicated
from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base
from erp.warehouse.stock.rules import MoveKind, value_out

ZERO = Decimal(0)


class OutOfStock(Conflict):
    code = "out-of-stock"
    title = "There is not enough in stock"
    detail = "`shortages` lists each product with the requested and the available quantity."
    hint = "Wait for a receipt, request less, or leave the rest on back order."

    def point_to_lines(self, line_ids: Iterable[UUID]) -> None:
        """Name the lines that have too little, in a document with lines of these ids."""
        short = {each for shortage in self.facts["shortages"] for each in shortage["line_ids"]}
        self.facts["fields"] = [f"lines[{n}].quantity" for n, each in enumerate(line_ids) if each in short]


class NotReserved(Conflict):
    code = "not-reserved"
    part = "quantity"
    title = "That much is not reserved for the line"
    detail = "The line {line_id} has {reserved} reserved; {wanted} should leave."
    hint = "Send what is reserved, and the rest once it has come in."


class NotIssued(Conflict):
    code = "not-issued"
    part = "quantity"
    title = "That much has not left for the line"
    detail = "{issued} of the line {line_id} has left and not come back; {wanted} should come back."
    hint = "Take back no more than was sent."


class NoStockKept(Conflict):
    code = "no-stock-kept"
    title = "The product is not kept in stock"
    detail = "{product_id} is a {product_kind}."
    hint = "Only goods have stock; a kit is composed of its components when it is sold."


class KitWithoutComponents(Conflict):
    code = "kit-without-components"
    title = "The kit has no components"
    detail = "No components are declared for the kit {product_id}."
    hint = "List its components: PATCH /v1/products/{product_id}."


class UnitCostNeeded(Conflict):
    code = "unit-cost-needed"
    title = "The value of the goods is unknown"
    detail = "{product_id} has no stock on hand, so there is no average cost."
    hint = "Send `unit_cost`."


class WarehouseArchived(Conflict):
    code = "warehouse-archived"
    title = "The warehouse is archived"
    detail = "{name} is archived and cannot receive goods."
    hint = "Choose another warehouse, or restore this one: POST /v1/warehouses/{id}/restore."


class WarehouseInUse(Conflict):
    code = "warehouse-in-use"
    title = "The warehouse is in use"
    detail = "{reason}"
    hint = "Transfer its stock to another warehouse, and set another default."


class WarehouseNameTaken(Conflict):
    code = "warehouse-name-taken"
    title = "Another warehouse has that name"
    detail = "{name} is already the name of warehouse {id}."
    hint = "Choose another name."


class SameWarehouse(Malformed):
    code = "same-warehouse"
    title = "Source and destination are the same warehouse"
    hint = "Send two different warehouses."


class Warehouse(OwnFields, Plain, Base):
    """A warehouse. The default one is created when it is first needed, and is reserved from first."""

    __tablename__ = "warehouses"
    __table_args__ = (
        unique("id"),
        unique("name"),
        Index("uq_warehouses_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
    )

    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool]


class StockLevel(Base):
    """The stock of one product in one warehouse, its reserved quantity, and its total value."""

    __tablename__ = "stock_levels"
    __table_args__ = (
        unique("product_id", "warehouse_id"),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        ForeignKeyConstraint(["tenant_id", "warehouse_id"], ["warehouses.tenant_id", "warehouses.id"]),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 and reserved <= on_hand", name="reserved"),
        CheckConstraint("value >= 0 and (on_hand > 0 or value = 0)", name="value"),
        Index(None, "tenant_id", "warehouse_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, server_default=text("uuidv7()"))
    product_id: Mapped[UUID]
    warehouse_id: Mapped[UUID]
    on_hand: Mapped[Summed] = mapped_column(default=ZERO, server_default=text("0"))
    reserved: Mapped[Summed] = mapped_column(default=ZERO, server_default=text("0"))
    value: Mapped[Summed] = mapped_column(default=ZERO, server_default=text("0"))

    @property
    def free(self) -> Decimal:
        """The available quantity."""
        return self.on_hand - self.reserved

    def put(self, quantity: Decimal, value: Decimal) -> None:
        """Add received goods."""
        self.on_hand += quantity
        self.value += value

    def take(self, quantity: Decimal, currency: str) -> Decimal:
        """Remove goods at the moving average; returns their value."""
        value = value_out(quantity, self.on_hand, self.value, currency)
        self.on_hand -= quantity
        self.value -= value
        return value


class StockMove(Base):
    """A receipt (positive) or issue (negative), its value, and its cause. `line_id` is an order's line."""

    __tablename__ = "stock_moves"
    __table_args__ = (
        CheckConstraint(f"kind in {tuple(map(str, MoveKind))}", name="kind"),
        CheckConstraint("quantity <> 0", name="quantity"),
        CheckConstraint("value * quantity >= 0", name="value"),
        CheckConstraint(
            "case when kind in ('opening', 'receipt', 'return') then quantity > 0 "
            "when kind = 'issue' then quantity < 0 else true end",
            name="direction",
        ),
        Index(None, "tenant_id", "level_id", "position"),
        Index(None, "tenant_id", "moved_on", "position"),
        Index(None, "tenant_id", "source_id"),
        Index("ix_stock_moves_line", "tenant_id", "line_id", postgresql_where=text("line_id is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    level_id: Mapped[UUID] = mapped_column(ForeignKey("stock_levels.id"))
    kind: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Summed]
    value: Mapped[Summed]
    unit_cost: Mapped[Summed]
    moved_on: Mapped[date]
    source_kind: Mapped[str] = mapped_column(Text)
    source_id: Mapped[UUID]
    line_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    level: Mapped[StockLevel] = relationship(lazy="raise")


class Reservation(Base):
    """The quantity reserved for a demand in one warehouse."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        UniqueConstraint("demand_id", "level_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index(None, "level_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    demand_id: Mapped[UUID] = mapped_column(ForeignKey("stock_demands.id"))
    level_id: Mapped[UUID] = mapped_column(ForeignKey("stock_levels.id"))
    quantity: Mapped[Decimal]

    level: Mapped[StockLevel] = relationship(lazy="raise")


class Demand(Base):
    """The demand of an order's line for one stocked product: for a kit, for one component.

    `wanted` is the outstanding quantity, `reserved` its reserved part (the sum of the reservations), and the rest a
    back order; the lowest `position` is filled first. `issued` was shipped. `per_unit`: the quantity of the product in
    one unit of the line. A service is not `stocked`: it is always reserved in full.
    """

    __tablename__ = "stock_demands"
    __table_args__ = (
        unique("line_id", "product_id"),
        CheckConstraint("per_unit > 0", name="per_unit"),
        CheckConstraint("wanted >= 0", name="wanted"),
        CheckConstraint("reserved >= 0 and reserved <= wanted", name="reserved"),
        CheckConstraint("issued >= 0", name="issued"),
        Index(
            "ix_stock_demands_back_orders",
            "tenant_id",
            "product_id",
            "position",
            postgresql_where=text("reserved < wanted"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    line_id: Mapped[UUID]
    product_id: Mapped[UUID]
    stocked: Mapped[bool]
    per_unit: Mapped[Decimal]
    wanted: Mapped[Decimal]
    reserved: Mapped[Decimal]
    issued: Mapped[Summed]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    reservations: Mapped[list[Reservation]] = relationship(lazy="raise", cascade="all, delete-orphan")

    @property
    def missing(self) -> Decimal:
        """The quantity on back order."""
        return self.wanted - self.reserved


class StockChange(Base):
    """A note that the stock of a product changed; deleted once it is announced."""

    __tablename__ = "stock_changes"
    __table_args__ = (Index(None, "tenant_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    product_id: Mapped[UUID]


class AvailabilityRow(Replicated, Base):
    """The last announced stock of one product over all warehouses."""

    __tablename__ = "availabilities"
    __table_args__ = (
        unique("product_id"),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
    )

    product_id: Mapped[UUID]
    on_hand: Mapped[Summed]
    reserved: Mapped[Summed]
