"""Warehouse: stock, its moves and reservations."""

from erp.warehouse import stock

MODULES = (stock.MODULE,)
