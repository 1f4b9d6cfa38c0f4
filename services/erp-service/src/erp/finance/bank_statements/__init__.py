"""Bank statements of our accounts, and the payment of each line."""

from modules import Module

from erp.finance.bank_statements.routes import routers

MODULE = Module(routers=routers, option="bank-statements")
