"""The ledger: accounts, periods and an append-only journal."""

from modules import Module

from erp.ledger.events import JOURNAL_ENTRY
from erp.ledger.routes import routers

MODULES = (Module(routers=routers, announced=(JOURNAL_ENTRY,)),)
