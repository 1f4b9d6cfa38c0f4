"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from contracts.decimals import InCurrency
from contracts.product import Count, Quantity, UnitPrice
from contracts.text import NameText, NotesText, OptionalShortText, ShortText
from contracts.values import Number, NumberSum, Sum
from pydantic import BaseModel, ConfigDict, Field
from records import PlainOut

from erp.catalogue.products.models import Product
from erp.warehouse.stock.models import Demand, Reservation, StockLevel, StockMove, Warehouse
from erp.warehouse.stock.rules import MoveKind, unit_cost


class WarehouseBody(BaseModel):
    """A warehouse as a client sends it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Hamburg"}]})

    name: ShortText
    is_default: bool = Field(default=False, description="Where goods come in, and from where they leave first.")


class WarehouseOut(PlainOut):
    """A warehouse. One is the default; making another one so ends that."""

    name: str
    is_default: bool


WarehouseId = Annotated[UUID | None, Field(description="The default warehouse, if not given.")]
Day = Annotated[date | None, Field(description="The day on which it happened; today, if not given.")]


class ReceiptBody(BaseModel):
    """Goods that come in. `quantity` and `unit_cost` are those of `unit`, the product's own if not given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"product_id": "01900000-0000-7000-8000-000000000001", "quantity": "120", "unit_cost": "7.35"}]
        },
    )

    product_id: UUID
    quantity: Quantity
    unit: OptionalShortText = None
    unit_cost: UnitPrice = Field(description="In the company's currency.")
    warehouse_id: WarehouseId = None
    day: Day = None
    reference: NotesText = Field(default="", description="What it came with: a delivery note's number.")


class AdjustmentBody(BaseModel):
    """What was counted, in the product's own unit: the stock becomes that, whatever was in the books."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    counted: Count
    reason: NameText
    unit_cost: UnitPrice | None = Field(
        default=None, description="What found goods cost; the moving average, if not given."
    )
    warehouse_id: WarehouseId = None
    day: Day = None


class TransferBody(BaseModel):
    """Goods that go from one warehouse to another; reserved ones stay."""

    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    quantity: Quantity
    from_warehouse_id: UUID
    to_warehouse_id: UUID
    reason: NotesText = ""
    day: Day = None


class StockOut(InCurrency):
    """What lies of a product in a warehouse, in the product's own unit; `value` in the company's currency."""

    product_id: UUID
    sku: str | None
    product_name: str
    unit: str
    warehouse_id: UUID
    warehouse_name: str
    on_hand: NumberSum
    reserved: NumberSum
    available: NumberSum
    value: Sum
    average_cost: Sum | None
    currency: str

    @classmethod
    def of(cls, level: StockLevel, warehouse: Warehouse, product: Product, currency: str) -> Self:
        """The answer for a level, with what lies there and where."""
        return cls(
            product_id=level.product_id,
            sku=product.sku,
            product_name=product.name,
            unit=product.units["unit"],
            warehouse_id=warehouse.id,
            warehouse_name=warehouse.name,
            on_hand=level.on_hand,
            reserved=level.reserved,
            available=level.free,
            value=level.value,
            average_cost=unit_cost(level.value, level.on_hand) if level.on_hand else None,
            currency=currency,
        )


class MoveOut(InCurrency):
    """What came in (above zero) or went out, and what caused it; it is never changed."""

    id: UUID
    position: int
    kind: MoveKind
    product_id: UUID
    sku: str | None
    warehouse_id: UUID
    quantity: NumberSum
    value: Sum
    unit_cost: Sum
    currency: str
    moved_on: date
    source_kind: str
    source_id: UUID
    line_id: UUID | None
    reason: str
    actor: str
    created_at: datetime

    @classmethod
    def of(cls, move: StockMove, level: StockLevel, _: Warehouse, product: Product, currency: str) -> Self:
        """The answer for a move, with what moved and where."""
        elsewhere = {
            "product_id": level.product_id,
            "warehouse_id": level.warehouse_id,
            "sku": product.sku,
            "currency": currency,
        }
        own = {name: getattr(move, name) for name in cls.model_fields.keys() - elsewhere.keys()}
        return cls(**own, **elsewhere)


class AdjustmentOut(BaseModel):
    """What a count has moved; null when it was what the books said."""

    move: MoveOut | None


class TransferOut(BaseModel):
    """What a transfer has moved: out of the one warehouse, into the other."""

    moves: list[MoveOut]


class ReservationOut(BaseModel):
    """What lies ready for an order's line in a warehouse."""

    line_id: UUID
    product_id: UUID
    warehouse_id: UUID
    quantity: Number

    @classmethod
    def of(cls, reservation: Reservation, demand: Demand, level: StockLevel) -> Self:
        """The answer for a reservation, with for whom and where."""
        return cls(
            line_id=demand.line_id,
            product_id=demand.product_id,
            warehouse_id=level.warehouse_id,
            quantity=reservation.quantity,
        )


class BackOrderOut(BaseModel):
    """What an order's line waits for; the lowest `position` of a product is filled first."""

    model_config = ConfigDict(from_attributes=True)

    position: int
    line_id: UUID
    product_id: UUID
    wanted: Number
    reserved: Number
    missing: Number
    created_at: datetime


class StockFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    product_id: UUID | None = None
    sku: str | None = Field(default=None, max_length=60)
    warehouse_id: UUID | None = None
    on_hand: bool | None = Field(default=None, description="Only what there is, or only what there is nothing of.")


class MoveFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    product_id: UUID | None = None
    sku: str | None = Field(default=None, max_length=60)
    warehouse_id: UUID | None = None
    kind: MoveKind | None = None
    source_kind: str | None = None
    source_id: UUID | None = None
    line_id: UUID | None = None
    since: date | None = None
    until: date | None = None


class DemandFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    product_id: UUID | None = None
    line_id: UUID | None = None


class ReservationFilters(DemandFilters):
    """Filters of the list; all given filters must match."""

    warehouse_id: UUID | None = None
