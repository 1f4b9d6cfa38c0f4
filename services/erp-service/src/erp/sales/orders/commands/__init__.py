"""Commands on orders and shipments, by purpose.

Each holds the row's lock, and announces the changes in its transaction.
"""

from erp.sales.orders.commands.answering import grant, refuse
from erp.sales.orders.commands.billing import mark_invoiced, mark_paid
from erp.sales.orders.commands.cancelling import cancel, carry_out, note_failure
from erp.sales.orders.commands.confirming import confirm, decide, hold, reason_of, resume
from erp.sales.orders.commands.entering import change, create, submit
from erp.sales.orders.commands.shipping import lock_all, ship, take_back

__all__ = [
    "cancel",
    "carry_out",
    "change",
    "confirm",
    "create",
    "decide",
    "grant",
    "hold",
    "lock_all",
    "mark_invoiced",
    "mark_paid",
    "note_failure",
    "reason_of",
    "refuse",
    "resume",
    "ship",
    "submit",
    "take_back",
]
