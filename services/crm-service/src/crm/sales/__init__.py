"""Sales: leads, forms, deals, quotes and orders."""

from crm.sales import deals, forecast, forms, leads, orders, quotes

MODULES = (orders.MODULE, deals.MODULE, forecast.MODULE, leads.MODULE, forms.MODULE, quotes.MODULE)
