"""Receivables: what customers owe and pay, as the ERP books it; payments that sales hears of are registered here."""

from modules import Module

from crm.receivables.events import KINDS
from crm.receivables.routes import routers

MODULES = (Module(routers=routers, kinds=KINDS),)
