"""Payments: incoming and outgoing payments by bank account, and their allocation to invoices."""

from modules import Module

from erp.finance.payments import handlers
from erp.finance.payments.imports import IMPORTS
from erp.finance.payments.routes import routers

MODULE = Module(routers=routers, imports={"payments": IMPORTS}, tasks=handlers.tasks, option="payments")
