"""How old a debt is, and how payments go on. No database."""

from dataclasses import dataclass
from datetime import date, datetime

from contracts.receivable import PAYMENT_STEPS, PaymentState


@dataclass(frozen=True, slots=True)
class Bucket:
    """An age of debts: overdue by at least `first` and at most `last` days; None is open."""

    name: str
    first: int | None
    last: int | None

    def holds(self, days: int) -> bool:
        """Whether a debt that is overdue by so many days (0 or less: not due) has this age."""
        return (self.first is None or self.first <= days) and (self.last is None or days <= self.last)


BUCKETS = (
    Bucket("not_due", None, 0),
    Bucket("days_1_30", 1, 30),
    Bucket("days_31_60", 31, 60),
    Bucket("days_61_90", 61, 90),
    Bucket("over_90_days", 91, None),
)
"""Every age is in exactly one; on the day it is due a debt is not overdue."""


def overdue_days(due_on: date | None, issued_on: date, on: date) -> int:
    """By how many days a debt is overdue; 0: it is not. Without a due date it is due at once."""
    return max((on - (due_on or issued_on)).days, 0)


def next_states(state: str) -> list[str]:
    """The states into which a payment may go."""
    return sorted(after.value for before, after in PAYMENT_STEPS if before == PaymentState(state))


def on_or_today(day: date | None) -> date:
    return day or datetime.now().astimezone().date()
