"""The declaration of balances, which are read-only."""

from typing import Any

from records import READ_ONLY, Record, routes
from sqlalchemy import func

from erp.finance.balances.events import BALANCE
from erp.finance.balances.models import Balance
from erp.finance.balances.schemas import BalanceFilters, BalanceOut
from erp.parties.customers.records import CUSTOMERS

OVER_LIMIT = func.coalesce(Balance.credit_left < 0, False)
BALANCES: Record[Balance, Any, BalanceOut] = Record(
    "balance",
    scope="invoices",
    row=Balance,
    out=BalanceOut,
    filters=BalanceFilters,
    sort=("open", "on_order", "updated_at"),
    order="-open",
    verbs=READ_ONLY,
    kind=BALANCE,
    expands={"customer_id": CUSTOMERS},
    where={"over_limit": lambda wanted: OVER_LIMIT if wanted else ~OVER_LIMIT},
)
balances = routes(
    BALANCES,
    says={
        "list": "Balances of customers, per currency, with the rest of the credit limit; the greatest first.",
        "read": "One balance.",
    },
)
