"""Quotes: what a customer is offered, in versions, until it becomes an order."""

from modules import Module

from crm.sales.quotes.events import QUOTE
from crm.sales.quotes.routes import routers
from crm.sales.quotes.rules import NUMBERS

MODULE = Module(routers=routers, announced=(QUOTE,), numbers=(NUMBERS,))
