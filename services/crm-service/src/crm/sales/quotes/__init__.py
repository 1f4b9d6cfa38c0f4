"""Quotes: offers to customers, in versions, until one becomes an order."""

from lines.discounts.queries import discount_limit
from modules import Module

from crm.catalogue.products.models import QuoteSetting
from crm.sales.quotes.events import QUOTE
from crm.sales.quotes.routes import LIMITS_WRITERS, routers
from crm.sales.quotes.rules import NUMBERS

MODULE = Module(
    routers=routers,
    announced=(QUOTE,),
    numbers=(NUMBERS,),
    limits=(discount_limit(QuoteSetting, LIMITS_WRITERS),),
    option="quotes",
)
