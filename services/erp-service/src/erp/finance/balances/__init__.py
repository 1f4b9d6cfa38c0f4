"""Balances: what each customer owes in each currency, what is on order, and what is left of its credit."""

from modules import Module

from erp.finance.balances import handlers
from erp.finance.balances.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks)
