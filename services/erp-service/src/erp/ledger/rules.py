"""Posting rules declared as data, and the lines of an entry for its amounts. No database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from contracts.money import rounded


class AccountKind(StrEnum):
    """The kind of an account."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountRole(StrEnum):
    """The name of an account in posting rules; each tenant has one account for each role."""

    BANK = "bank"
    RECEIVABLES = "receivables"
    INVENTORY = "inventory"
    TAX = "tax"
    GOODS_RECEIVED = "goods_received"
    UNASSIGNED_PAYMENTS = "unassigned_payments"
    OPENING_BALANCE = "opening_balance"
    REVENUE = "revenue"
    COST_OF_SALES = "cost_of_sales"
    STOCK_DIFFERENCE = "stock_difference"


class PeriodState(StrEnum):
    """Nothing can be posted in a closed month."""

    OPEN = "open"
    CLOSED = "closed"


STEPS: Mapping[PeriodState, tuple[str, ...]] = {PeriodState.OPEN: ("close",), PeriodState.CLOSED: ("reopen",)}
"""State -> what may be done with the month."""

DEFAULT_CHART: Sequence[tuple[str, str, AccountKind, AccountRole]] = (
    ("1000", "Bank", AccountKind.ASSET, AccountRole.BANK),
    ("1200", "Receivables", AccountKind.ASSET, AccountRole.RECEIVABLES),
    ("1400", "Inventory", AccountKind.ASSET, AccountRole.INVENTORY),
    ("2100", "Goods received, not invoiced", AccountKind.LIABILITY, AccountRole.GOODS_RECEIVED),
    ("2200", "Tax payable", AccountKind.LIABILITY, AccountRole.TAX),
    ("2300", "Payments not yet assigned", AccountKind.LIABILITY, AccountRole.UNASSIGNED_PAYMENTS),
    ("3000", "Opening balance", AccountKind.EQUITY, AccountRole.OPENING_BALANCE),
    ("4000", "Revenue", AccountKind.INCOME, AccountRole.REVENUE),
    ("5000", "Cost of sales", AccountKind.EXPENSE, AccountRole.COST_OF_SALES),
    ("5100", "Stock differences", AccountKind.EXPENSE, AccountRole.STOCK_DIFFERENCE),
)
"""(number, name, kind, role) of the accounts that every tenant starts with."""

MANUAL = "manual"
"""The rule of a manual entry."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source document of an entry: an invoice, a shipment, a payment."""

    kind: str
    id: UUID


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line of a rule: the sum of the named amounts, on one side; `of_party` when it is kept per customer."""

    role: AccountRole
    amounts: tuple[str, ...]
    sign: int
    of_party: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an entry; `amount` is positive in debit, negative in credit."""

    role: AccountRole
    amount: Decimal
    of_party: bool


class UnknownRule(LookupError):
    """The posting rule does not exist; this is a bug."""


class WrongAmounts(ValueError):
    """The amounts differ from those of the rule, are negative, or finer than the currency; this is a bug."""


def _debit(role: AccountRole, *amounts: str, of_party: bool = False) -> RuleLine:
    return RuleLine(role, amounts, 1, of_party)


def _credit(role: AccountRole, *amounts: str, of_party: bool = False) -> RuleLine:
    return RuleLine(role, amounts, -1, of_party)


def _reversed(lines: Sequence[RuleLine]) -> tuple[RuleLine, ...]:
    return tuple(RuleLine(line.role, line.amounts, -line.sign, line.of_party) for line in lines)


_ISSUE = (_debit(AccountRole.COST_OF_SALES, "value"), _credit(AccountRole.INVENTORY, "value"))
_ADJUSTMENT_UP = (_debit(AccountRole.INVENTORY, "value"), _credit(AccountRole.STOCK_DIFFERENCE, "value"))
_INVOICE = (
    _debit(AccountRole.RECEIVABLES, "net", "tax", of_party=True),
    _credit(AccountRole.REVENUE, "net"),
    _credit(AccountRole.TAX, "tax"),
)
_PAYMENT_IN = (_debit(AccountRole.BANK, "amount"), _credit(AccountRole.RECEIVABLES, "amount", of_party=True))
# An unassigned payment is on an account of its own; assigning it moves it to its customer, unassigning moves it back.
_UNASSIGNED_IN = (_debit(AccountRole.BANK, "amount"), _credit(AccountRole.UNASSIGNED_PAYMENTS, "amount"))
_ASSIGNED_IN = (
    _debit(AccountRole.UNASSIGNED_PAYMENTS, "amount"),
    _credit(AccountRole.RECEIVABLES, "amount", of_party=True),
)

POSTING_RULES: Mapping[str, tuple[RuleLine, ...]] = {
    "opening": (_debit(AccountRole.INVENTORY, "value"), _credit(AccountRole.OPENING_BALANCE, "value")),
    "receipt": (_debit(AccountRole.INVENTORY, "value"), _credit(AccountRole.GOODS_RECEIVED, "value")),
    "issue": _ISSUE,
    "return": _reversed(_ISSUE),
    "adjustment_up": _ADJUSTMENT_UP,
    "adjustment_down": _reversed(_ADJUSTMENT_UP),
    "invoice": _INVOICE,
    "credit_note": _reversed(_INVOICE),
    "payment_in": _PAYMENT_IN,
    "payment_in_reversed": _reversed(_PAYMENT_IN),
    "payment_out": _reversed(_PAYMENT_IN),
    "payment_out_reversed": _PAYMENT_IN,
    "payment_in_unassigned": _UNASSIGNED_IN,
    "payment_in_unassigned_reversed": _reversed(_UNASSIGNED_IN),
    "payment_out_unassigned": _reversed(_UNASSIGNED_IN),
    "payment_out_unassigned_reversed": _UNASSIGNED_IN,
    "payment_in_assigned": _ASSIGNED_IN,
    "payment_in_released": _reversed(_ASSIGNED_IN),
    "payment_out_assigned": _reversed(_ASSIGNED_IN),
    "payment_out_released": _ASSIGNED_IN,
}
"""Rule -> its lines. Each rule is balanced for all amounts: every amount occurs once on each side."""


def month_of(day: date) -> str:
    """The month of a date, `2026-11`; with four digits in every year, which the C library does not guarantee."""
    return day.isoformat()[:7]


def lines_of(rule: str, amounts: Mapping[str, Decimal], currency: str) -> list[Line]:
    """The lines for the amounts, without zero lines.

    Raises `UnknownRule`, or `WrongAmounts` when an amount is missing, unknown, negative or not rounded.
    """
    declared = POSTING_RULES.get(rule)
    if declared is None:
        raise UnknownRule(rule)
    names = {name for line in declared for name in line.amounts}
    if names != amounts.keys():
        raise WrongAmounts(f"{rule} takes {sorted(names)}, not {sorted(amounts)}")
    if wrong := {name: value for name, value in amounts.items() if value < 0 or value != rounded(value, currency)}:
        raise WrongAmounts(f"{rule}: {wrong} in {currency}")
    sums = [(line, line.sign * sum((amounts[name] for name in line.amounts), Decimal(0))) for line in declared]
    return [Line(line.role, amount, line.of_party) for line, amount in sums if amount]
