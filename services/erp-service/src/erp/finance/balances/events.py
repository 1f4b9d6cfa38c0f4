"""What balances announce. The books alone say what is owed; other systems only read it."""

from collections.abc import Mapping
from typing import Any, NoReturn

from chassis.errors import Conflict
from chassis.replication import Group, Kind, fields
from contracts.receivable import Balance as BalanceValue

from erp.finance.balances import queries
from erp.finance.balances.models import Balance


class BalanceKept(Conflict):
    code = "balance-kept"
    title = "A balance follows the books of the ERP"
    hint = "Post what is missing there: an invoice, a credit note, a payment."


def _refuse(*_: Any) -> NoReturn:
    raise BalanceKept()


def _create(_values: Mapping[str, Any]) -> NoReturn:
    raise BalanceKept()


def _read_balance(row: Balance) -> dict[str, Any]:
    value = BalanceValue(
        currency=row.currency,
        open=row.open,
        on_order=row.on_order,
        credit_limit=row.credit_limit,
        credit_left=row.credit_left,
        blocked=row.blocked,
    )
    return value.model_dump(mode="json")


BALANCE = Kind(
    "balance",
    system="erp",
    create=_create,
    rows=queries.rows,
    groups=(
        Group("customer", lambda row: {"customer": str(row.customer_id)}, _refuse, reference="customer"),
        fields("balance", _read_balance, _refuse),
    ),
)
