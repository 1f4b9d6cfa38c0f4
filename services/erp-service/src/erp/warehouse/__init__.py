"""Warehouse: stock, its moves and reservations."""
