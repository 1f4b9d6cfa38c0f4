"""Orders of sales: entered here, submitted to the ERP, and shown until they are paid."""

from modules import Module

from crm.sales.orders.imports import IMPORTS
from crm.sales.orders.routes import routers
from crm.sales.orders.rules import NUMBERS

MODULE = Module(routers=routers, imports={"orders": IMPORTS}, numbers=(NUMBERS,))
