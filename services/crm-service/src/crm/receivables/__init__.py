"""Receivables: the ERP's invoices, payments and balances of customers; sales can register payments here."""

from modules import Module

from crm.receivables.events import KINDS
from crm.receivables.routes import routers

MODULES = (Module(routers=routers, kinds=KINDS, option="receivables"),)
