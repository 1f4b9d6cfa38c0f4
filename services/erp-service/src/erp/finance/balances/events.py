"""Balances as the ERP announces them. The books alone say what is owed; other systems only read it."""

from chassis.errors import Conflict
from chassis.replication import kind_from
from records import rows_of

from contracts import kinds
from erp.finance.balances.models import Balance


class BalanceKept(Conflict):
    code = "balance-kept"
    title = "A balance follows the books of the ERP"
    hint = "Post what is missing there: an invoice, a credit note, a payment."


BALANCE = kind_from(kinds.BALANCE, system="erp", row=Balance, rows=rows_of(Balance), closed=BalanceKept)
