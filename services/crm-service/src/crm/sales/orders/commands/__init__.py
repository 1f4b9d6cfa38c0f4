"""Every use case that changes an order. Each holds the row's lock, and announces what changed in its transaction."""

from crm.sales.orders.commands.draft import Check, archive, change, create, enter, restore, written
from crm.sales.orders.commands.handover import ask, cancel, submit

__all__ = ["Check", "archive", "ask", "cancel", "change", "create", "enter", "restore", "submit", "written"]
