"""What a balance comes to, and how old what is open is. No database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Age(StrEnum):
    """Days since an invoice was due."""

    NOT_DUE = "not_due"
    UP_TO_30 = "days_1_30"
    UP_TO_60 = "days_31_60"
    UP_TO_90 = "days_61_90"
    OVER_90 = "over_90"


LAST_DAYS: Mapping[Age, int | None] = {
    Age.NOT_DUE: 0,
    Age.UP_TO_30: 30,
    Age.UP_TO_60: 60,
    Age.UP_TO_90: 90,
    Age.OVER_90: None,
}
"""Age -> the last day overdue that belongs to it, in rising order; None has no end."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A balance of one customer in one currency."""

    open: Decimal
    on_order: Decimal
    credit_limit: Decimal | None
    credit_left: Decimal | None
    blocked: bool

    @property
    def is_nothing(self) -> bool:
        """Not worth a record: nothing is owed, ordered or agreed."""
        return not (self.open or self.on_order or self.blocked or self.credit_limit is not None)


def age_of(days_overdue: int) -> Age:
    """The age that so many days after the due day belong to."""
    return next(age for age, last in LAST_DAYS.items() if last is None or days_overdue <= last)


def figures(open_: Decimal, on_order: Decimal, credit: Mapping[str, Any] | None, currency: str) -> Figures:
    """The balance; a limit counts in its own currency only, a block in all. Below zero is no order."""
    credit = credit or {}
    limit = Decimal(credit["limit"]) if credit.get("limit") is not None and credit.get("currency") == currency else None
    ordered = max(on_order, Decimal(0))
    left = None if limit is None else limit - open_ - ordered
    return Figures(open_, ordered, limit, left, bool(credit.get("blocked")))


def currencies(used: Collection[str], credit: Mapping[str, Any] | None, home: str) -> set[str]:
    """The currencies in which a customer has a balance: those it deals in, that of its limit, else the company's."""
    agreed = (credit or {}).get("currency")
    found = {*used, *([agreed] if agreed else [])}
    return found or {home}
