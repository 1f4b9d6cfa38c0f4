"""Commands on orders beside plain changes. Each holds the row's lock, and announces the changes."""

from crm.sales.orders.commands.draft import change, create, enter, written
from crm.sales.orders.commands.handover import ask, cancel, submit

__all__ = ["ask", "cancel", "change", "create", "enter", "submit", "written"]
