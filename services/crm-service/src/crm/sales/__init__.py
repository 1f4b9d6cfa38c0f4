"""Sales: deals, quotes and orders."""

from crm.sales import deals, orders, quotes

MODULES = (orders.MODULE, deals.MODULE, quotes.MODULE)
