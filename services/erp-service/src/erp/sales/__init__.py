"""Sales: orders and their shipments."""

from erp.sales import orders

MODULES = (orders.MODULE,)
