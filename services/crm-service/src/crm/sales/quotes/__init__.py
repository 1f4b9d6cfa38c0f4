"""Quotes: offers to customers, in versions, until one becomes an order."""

from modules import Module

from crm.sales.quotes.events import QUOTE
from crm.sales.quotes.routes import routers
from crm.sales.quotes.rules import NUMBERS

MODULE = Module(routers=routers, announced=(QUOTE,), numbers=(NUMBERS,))
