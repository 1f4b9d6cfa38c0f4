"""The ledger: accounts, periods and a journal that is only ever added to."""

from modules import Module

from erp.ledger.events import JOURNAL_ENTRY
from erp.ledger.routes import routers

MODULES = (Module(routers=routers, announced=(JOURNAL_ENTRY,)),)
