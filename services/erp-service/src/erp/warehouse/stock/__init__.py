"""Inventory: what lies in which warehouse, what it is worth, and for whom it is set aside."""
