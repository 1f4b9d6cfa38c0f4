"""Bank statements: what banks say of our accounts, and which payment each line of it is."""

from modules import Module

from erp.finance.bank_statements.routes import routers

MODULE = Module(routers=routers)
