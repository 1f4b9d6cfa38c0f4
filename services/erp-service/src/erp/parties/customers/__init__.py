"""Customers: the companies and persons, and the legal entities under which they trade."""

from importing import Target
from modules import Module
from party.cells import CELLS

from erp.parties.customers.models import NUMBERS
from erp.parties.customers.records import CUSTOMERS, router

MODULE = Module(routers=(router,), imports={"customers": Target.of(CUSTOMERS, cells=CELLS)}, numbers=(NUMBERS,))
