"""What is declared of warehouses."""

from records import Record, routes

from erp.warehouse.stock import checks
from erp.warehouse.stock.models import Warehouse
from erp.warehouse.stock.schemas import WarehouseBody, WarehouseFilters, WarehouseOut

WAREHOUSES = Record(
    "warehouse",
    path="/v1/warehouses",
    scope="inventory",
    tag="inventory",
    row=Warehouse,
    body=WarehouseBody,
    out=WarehouseOut,
    filters=WarehouseFilters,
    sort=("name", "created_at"),
    prepare=checks.warehouse,
    before_archive=checks.empty_warehouse,
)
router = routes(
    WAREHOUSES,
    without={"batch"},
    says={
        "create": "Add a warehouse. The first one is the default.",
        "change": "Rename a warehouse, or make it the default one.",
        "archive": "Take a warehouse out of use, once nothing lies there.",
    },
)
