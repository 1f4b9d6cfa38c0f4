"""Orders: from the draft until everything is shipped, invoiced and paid."""

from modules import Module

from erp.sales.orders import handlers
from erp.sales.orders.routes import routers
from erp.sales.orders.rules import NUMBERS, RETURN_NUMBERS, SHIPMENT_NUMBERS

MODULE = Module(routers=routers, tasks=handlers.tasks, numbers=(NUMBERS, SHIPMENT_NUMBERS, RETURN_NUMBERS))
