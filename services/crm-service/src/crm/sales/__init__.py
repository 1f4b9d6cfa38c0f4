"""Sales: leads, deals, quotes and orders."""

from crm.sales import deals, leads, orders, quotes

MODULES = (orders.MODULE, deals.MODULE, leads.MODULE, quotes.MODULE)
