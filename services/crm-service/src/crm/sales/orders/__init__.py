"""Orders as sales sees them: entered here, handed to the ERP, and followed until they are paid."""

from modules import Module

from crm.sales.orders.imports import IMPORTS
from crm.sales.orders.routes import routers
from crm.sales.orders.rules import NUMBERS

MODULE = Module(routers=routers, imports={"orders": IMPORTS}, numbers=(NUMBERS,))
