"""Balances: the receivables of each customer in each currency, open orders, and the rest of the credit limit."""

from modules import Module

from erp.finance.balances import handlers
from erp.finance.balances.routes import routers

MODULE = Module(routers=routers, tasks=handlers.tasks, option="balances")
