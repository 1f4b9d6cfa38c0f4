"""How old a debt is. No database."""

from dataclasses import dataclass
from datetime import date

from chassis import clock
from contracts.receivable import LAST_DAYS


@dataclass(frozen=True, slots=True)
class Bucket:
    """An age of debts: overdue by at least `first` and at most `last` days; None is open."""

    name: str
    first: int | None
    last: int | None

    def holds(self, days: int) -> bool:
        """Whether a debt that is overdue by so many days (0 or less: not due) has this age."""
        return (self.first is None or self.first <= days) and (self.last is None or days <= self.last)


_FIRST_DAYS = (None, *(last + 1 for last in LAST_DAYS.values() if last is not None))
BUCKETS = tuple(
    Bucket(age.value, first, last) for (age, last), first in zip(LAST_DAYS.items(), _FIRST_DAYS, strict=True)
)
"""Every age is in exactly one; on the day it is due a debt is not overdue."""


def overdue_days(due_on: date | None, issued_on: date, on: date) -> int:
    """By how many days a debt is overdue; 0: it is not. Without a due date it is due at once."""
    return max((on - (due_on or issued_on)).days, 0)


def on_or_today(day: date | None) -> date:
    return day or clock.today()
