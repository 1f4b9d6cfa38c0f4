"""Customers: the companies and persons, and the legal entities under which they trade."""

from importing import Target
from modules import Module
from party.cells import CELLS

from erp.parties.customers import handlers
from erp.parties.customers.models import NUMBERS
from erp.parties.customers.records import CUSTOMERS, router

CUSTOMER_FILES = Target.of(CUSTOMERS, cells=CELLS)
MODULE = Module(routers=(router,), imports={"customers": CUSTOMER_FILES}, tasks=handlers.tasks, numbers=(NUMBERS,))
