"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from contracts.custom import OwnValues
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
    is_default: bool = Field(default=False, description="The warehouse for receipts, and the first one for issues.")
    custom: OwnValues = Field(default={})


class WarehouseOut(PlainOut):
    """A warehouse. Exactly one is the default; setting another default replaces it."""

    name: str
    is_default: bool
    custom: dict[str, Any]


WarehouseId = Annotated[UUID | None, Field(description="Default: the default warehouse.")]
Day = Annotated[date | None, Field(description="The date of the movement; default: today.")]


class ReceiptBody(BaseModel):
    """A receipt of goods. `quantity` and `unit_cost` are those of `unit`; default: the product's own."""

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
    reference: NotesText = Field(default="", description="The reference: for example the number of a delivery note.")


class AdjustmentBody(BaseModel):
    """The counted quantity, in the product's own unit; it replaces the quantity on hand."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"product_id": "01936f2b-3e00-7a10-8b00-000000000005", "counted": "98", "reason": "Yearly count"}
            ]
        },
    )

    product_id: UUID
    counted: Count
    reason: NameText
    unit_cost: UnitPrice | None = Field(
        default=None, description="The unit cost of found goods; default: the moving average."
    )
    warehouse_id: WarehouseId = None
    day: Day = None


class TransferBody(BaseModel):
    """A transfer of goods between warehouses; reserved ones stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "product_id": "01936f2b-3e00-7a10-8b00-000000000005",
                    "quantity": "10",
                    "from_warehouse_id": "01936f2b-3e00-7a10-8b00-000000000031",
                    "to_warehouse_id": "01936f2b-3e00-7a10-8b00-000000000032",
                    "reason": "Restock of the shop",
                }
            ]
        },
    )

    product_id: UUID
    quantity: Quantity
    from_warehouse_id: UUID
    to_warehouse_id: UUID
    reason: NotesText = ""
    day: Day = None


class StockOut(InCurrency):
    """The stock of a product in a warehouse, in the product's own unit; `value` in the company's currency."""

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
        """The answer for a level, with its product and warehouse."""
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
    """A receipt (positive) or issue (negative), and its cause; it is never changed."""

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
        """The answer for a move, with its product and warehouse."""
        elsewhere = {
            "product_id": level.product_id,
            "warehouse_id": level.warehouse_id,
            "sku": product.sku,
            "currency": currency,
        }
        own = {name: getattr(move, name) for name in cls.model_fields.keys() - elsewhere.keys()}
        return cls(**own, **elsewhere)


class AdjustmentOut(BaseModel):
    """The move of a count; null when the quantity was unchanged."""

    move: MoveOut | None


class TransferOut(BaseModel):
    """The two moves of a transfer: out of one warehouse, into the other."""

    moves: list[MoveOut]


class ReservationOut(BaseModel):
    """The quantity reserved for an order's line in a warehouse."""

    line_id: UUID
    product_id: UUID
    warehouse_id: UUID
    quantity: Number

    @classmethod
    def of(cls, reservation: Reservation, demand: Demand, level: StockLevel) -> Self:
        """The answer for a reservation, with its line and warehouse."""
        return cls(
            line_id=demand.line_id,
            product_id=demand.product_id,
            warehouse_id=level.warehouse_id,
            quantity=reservation.quantity,
        )


class BackOrderOut(BaseModel):
    """A back order of an order's line; the lowest `position` of a product is filled first."""

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
    on_hand: bool | None = Field(
        default=None, description=("true: only products with stock on hand; false: only those without.")
    )


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
