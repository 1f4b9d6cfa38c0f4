"""Declarations of warehouses, stock, moves, reservations and back orders."""

from collections.abc import Sequence

from contracts.normalise import sku_key
from records import LIST_ONLY, READ_ONLY, Filters, Record, routes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.ledger import queries as ledger
from erp.warehouse.stock import checks, queries
from erp.warehouse.stock.models import Demand, Reservation, StockLevel, StockMove, Warehouse
from erp.warehouse.stock.schemas import (
    BackOrderOut,
    DemandFilters,
    MoveFilters,
    MoveOut,
    ReservationFilters,
    ReservationOut,
    StockFilters,
    StockOut,
    WarehouseBody,
    WarehouseOut,
)

WAREHOUSES = Record(
    "warehouse",
    scope="inventory",
    tag="inventory",
    row=Warehouse,
    body=WarehouseBody,
    out=WarehouseOut,
    filters=Filters,
    sort=("name", "created_at"),
    prepare=checks.warehouse,
    before_archive=checks.empty_warehouse,
)
warehouses = routes(
    WAREHOUSES,
    without={"batch"},
    says={
        "create": "Add a warehouse. The first one is the default.",
        "change": "Rename a warehouse, or make it the default one.",
        "archive": "Archive a warehouse, once it has no stock.",
    },
)


async def _levels(session: AsyncSession, rows: Sequence[StockLevel]) -> list[StockOut]:
    found = await queries.placed(session, {row.id for row in rows})
    currency = (await ledger.company(session)).currency
    return [StockOut.of(*found[row.id], currency) for row in rows]


async def _moves(session: AsyncSession, rows: Sequence[StockMove]) -> list[MoveOut]:
    found = await queries.placed(session, {row.level_id for row in rows})
    currency = (await ledger.company(session)).currency
    return [MoveOut.of(row, *found[row.level_id], currency) for row in rows]


async def _reservations(session: AsyncSession, rows: Sequence[Reservation]) -> list[ReservationOut]:
    places = await queries.placed(session, {row.level_id for row in rows})
    demands = await queries.reserving(session, {row.demand_id for row in rows})
    return [ReservationOut.of(row, demands[row.demand_id], places[row.level_id][0]) for row in rows]


STOCK = Record(
    "stock_level",
    path="/v1/stock",
    scope="inventory",
    tag="inventory",
    row=StockLevel,
    out=StockOut,
    shown=_levels,
    filters=StockFilters,
    among=select(StockLevel).join(Product, Product.id == StockLevel.product_id),
    sort=("sku", "name", "on_hand", "reserved", "value"),
    sort_by={"sku": Product.sku, "name": Product.name},
    expands={"product_id": PRODUCTS, "warehouse_id": WAREHOUSES},
    verbs=LIST_ONLY,
    where={
        "sku": lambda sku: Product.sku_key == sku_key(sku),
        "on_hand": lambda wanted: StockLevel.on_hand > 0 if wanted else StockLevel.on_hand == 0,
    },
)
MOVES = Record(
    "move",
    path="/v1/stock-moves",
    scope="inventory",
    tag="inventory",
    row=StockMove,
    out=MoveOut,
    shown=_moves,
    filters=MoveFilters,
    among=(
        select(StockMove)
        .join(StockLevel, StockLevel.id == StockMove.level_id)
        .join(Product, Product.id == StockLevel.product_id)
    ),
    sort=("position", "moved_on"),
    order="-position",
    ties="position",
    expands={"product_id": PRODUCTS, "warehouse_id": WAREHOUSES},
    verbs=READ_ONLY,
    where={
        "product_id": lambda product_id: StockLevel.product_id == product_id,
        "warehouse_id": lambda warehouse_id: StockLevel.warehouse_id == warehouse_id,
        "sku": lambda sku: Product.sku_key == sku_key(sku),
        "since": lambda day: StockMove.moved_on >= day,
        "until": lambda day: StockMove.moved_on <= day,
    },
)
RESERVATIONS = Record(
    "reservation",
    scope="inventory",
    tag="inventory",
    row=Reservation,
    out=ReservationOut,
    shown=_reservations,
    filters=ReservationFilters,
    among=(
        select(Reservation)
        .join(Demand, Demand.id == Reservation.demand_id)
        .join(StockLevel, StockLevel.id == Reservation.level_id)
    ),
    sort=("position",),
    sort_by={"position": Demand.position},
    expands={"product_id": PRODUCTS, "warehouse_id": WAREHOUSES},
    verbs=LIST_ONLY,
    where={
        "product_id": lambda product_id: Demand.product_id == product_id,
        "line_id": lambda line_id: Demand.line_id == line_id,
        "warehouse_id": lambda warehouse_id: StockLevel.warehouse_id == warehouse_id,
    },
)
BACK_ORDERS = Record(
    "back_order",
    scope="inventory",
    tag="inventory",
    row=Demand,
    out=BackOrderOut,
    filters=DemandFilters,
    among=select(Demand).where(Demand.reserved < Demand.wanted),
    sort=("position",),
    ties="position",
    expands={"product_id": PRODUCTS},
    verbs=LIST_ONLY,
)
lists = (
    routes(
        STOCK,
        says={
            "list": ("Stock by warehouse, sorted by SKU unless `sort` is given (sku, name, on_hand, reserved, value).")
        },
    ),
    routes(
        MOVES,
        names={"read": "read_stock_move"},
        says={
            "list": "Stock moves, the newest first unless `sort` is given (position, moved_on).",
            "read": "One move.",
        },
    ),
    routes(
        RESERVATIONS,
        says={"list": "Reservations of order lines, by warehouse; the oldest line first."},
    ),
    routes(
        BACK_ORDERS,
        says={"list": "Back orders of order lines, in the order in which they are filled."},
    ),
)
