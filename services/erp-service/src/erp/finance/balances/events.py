"""Balances as the ERP announces them. They are computed from the ledger; other systems only read them."""

from chassis.errors import Conflict
from chassis.replication import kind_from
from records import rows_of

from contracts import kinds
from erp.finance.balances.models import Balance


class BalanceKept(Conflict):
    code = "balance-kept"
    title = "A balance is computed from the ERP's ledger"
    hint = "Post the missing document: an invoice, a credit note, a payment."


BALANCE = kind_from(kinds.BALANCE, system="erp", row=Balance, rows=rows_of(Balance), closed=BalanceKept)
