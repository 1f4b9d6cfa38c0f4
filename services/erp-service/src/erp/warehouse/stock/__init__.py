"""Inventory: stock by warehouse, its value, and its reservations."""

from modules import Module

from erp.warehouse.stock import handlers
from erp.warehouse.stock.events import AVAILABILITY, STOCK_MOVE
from erp.warehouse.stock.imports import STOCK
from erp.warehouse.stock.routes import routers

MODULE = Module(
    routers=routers,
    kinds=(AVAILABILITY,),
    announced=(STOCK_MOVE,),
    imports={"stock": STOCK},
    tasks=handlers.tasks,
    option="inventory",
)
