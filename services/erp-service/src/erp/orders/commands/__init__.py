"""Every use case that changes an order or a shipment, by what it is for.

Each holds the row's lock, and announces what changed in its transaction.
"""

from erp.orders.commands.billing import mark_invoiced, mark_paid

__all__ = ["mark_invoiced", "mark_paid"]
