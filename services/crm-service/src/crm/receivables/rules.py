"""Ages of receivables. No database."""

from dataclasses import dataclass
from datetime import date

from chassis import clock
from contracts.receivable import LAST_DAYS


@dataclass(frozen=True, slots=True)
class Bucket:
    """An age of receivables: overdue by at least `first` and at most `last` days; None is open."""

    name: str
    first: int | None
    last: int | None

    def holds(self, days: int) -> bool:
        """Whether a receivable that is overdue by this number of days (0 or less: not due) has this age."""
        return (self.first is None or self.first <= days) and (self.last is None or days <= self.last)


_FIRST_DAYS = (None, *(last + 1 for last in LAST_DAYS.values() if last is not None))
BUCKETS = tuple(
    Bucket(age.value, first, last) for (age, last), first in zip(LAST_DAYS.items(), _FIRST_DAYS, strict=True)
)
"""Every age is in exactly one bucket; on its due date a receivable is not overdue."""


def overdue_days(due_on: date | None, issued_on: date, on: date) -> int:
    """The days overdue; 0: not overdue. Without a due date it is due at once."""
    return max((on - (due_on or issued_on)).days, 0)


def on_or_today(day: date | None) -> date:
    return day or clock.today()
