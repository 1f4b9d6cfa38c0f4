"""Orders: from the draft until everything is shipped, invoiced and paid."""

from lines.discounts.queries import discount_limit
from modules import Module

from erp.sales.orders import handlers
from erp.sales.orders.models import OrderSetting
from erp.sales.orders.routes import LIMITS_WRITERS, routers
from erp.sales.orders.rules import NUMBERS, RETURN_NUMBERS, SHIPMENT_NUMBERS

MODULE = Module(
    routers=routers,
    tasks=handlers.tasks,
    numbers=(NUMBERS, SHIPMENT_NUMBERS, RETURN_NUMBERS),
    limits=(discount_limit(OrderSetting, LIMITS_WRITERS),),
)
