"""Sales: leads, forms, deals, quotes and orders."""

from crm.sales import deals, forecast, forms, leads, orders, quotes

MODULES = (deals.MODULE, orders.MODULE, forecast.MODULE, leads.MODULE, forms.MODULE, quotes.MODULE)
