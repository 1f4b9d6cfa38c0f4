"""Commands that change an invoice or a credit note.

Locks are taken in one order: invoices (by due date and number), orders, their shipments, the customer's receivables,
and last the counter of the numbers, which is held until the transaction ends.
"""

from erp.finance.invoicing.commands.credit import credit, credit_returns, use_credit
from erp.finance.invoicing.commands.dunning import declare_levels, dun
from erp.finance.invoicing.commands.issue import issue, lock_all
from erp.finance.invoicing.commands.settling import close_orders, settle

__all__ = [
    "close_orders",
    "credit",
    "credit_returns",
    "declare_levels",
    "dun",
    "issue",
    "lock_all",
    "settle",
    "use_credit",
]
