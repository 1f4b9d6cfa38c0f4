"""Sales: leads, forms, deals, quotes and orders."""

from crm.sales import deals, forms, leads, orders, quotes

MODULES = (orders.MODULE, deals.MODULE, leads.MODULE, forms.MODULE, quotes.MODULE)
