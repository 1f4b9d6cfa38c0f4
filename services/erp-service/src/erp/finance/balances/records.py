"""Declarations of balances: the books write them, everybody else reads them."""

from typing import Any

from records import READ_ONLY, Record, routes
from sqlalchemy import func

from erp.finance.balances.events import BALANCE
from erp.finance.balances.models import Balance
from erp.finance.balances.schemas import BalanceFilters, BalanceOut

OVER_LIMIT = func.coalesce(Balance.credit_left < 0, False)
BALANCES: Record[Balance, Any, BalanceOut] = Record(
    "balance",
    path="/v1/balances",
    scope="invoices",
    row=Balance,
    out=BalanceOut,
    filters=BalanceFilters,
    sort=("open", "on_order", "updated_at"),
    order="-open",
    verbs=READ_ONLY,
    kind=BALANCE,
    where={"over_limit": lambda wanted: OVER_LIMIT if wanted else ~OVER_LIMIT},
)
balances = routes(
    BALANCES,
    says={
        "list": "What customers owe, per currency, with what is left of their credit; the greatest first.",
        "read": "One balance.",
    },
)
