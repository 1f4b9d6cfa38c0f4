"""Sales: leads, forms, deals, quotas, quotes and orders."""

from crm.sales import deals, forecast, forms, leads, orders, quotas, quotes

MODULES = (deals.MODULE, orders.MODULE, quotas.MODULE, forecast.MODULE, leads.MODULE, forms.MODULE, quotes.MODULE)
