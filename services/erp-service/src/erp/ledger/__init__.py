"""The ledger: accounts, periods and a journal that is only ever added to."""

from modules import Module

from erp.ledger.routes import routers

MODULES = (Module(routers=routers),)
