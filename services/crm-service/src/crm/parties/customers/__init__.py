"""Customers: the companies and persons we deal with, and the legal entities they deal by."""

from importing import Target
from modules import Module
from party.cells import CELLS

from crm.parties.customers.records import CUSTOMERS, router

MODULE = Module(routers=(router,), imports={"customers": Target.of(CUSTOMERS, cells=CELLS)})
