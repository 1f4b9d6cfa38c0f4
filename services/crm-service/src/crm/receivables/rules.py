"""How old a debt is, and how payments go on. No database."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from contracts.receivable import PAYMENT_STEPS, PaymentState

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An age of debts: overdue by at least `first` and at most `last` days; None is open."""

    name: str
    first: int | None
    last: int | None

    def holds(self, days: int) -> bool:
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
    """By how many days a debt is overdue; 0 or less: not due. Without a due date it is due at once."""
    return (on - (due_on or issued_on)).days


def aged(debts: Iterable[tuple[int, Decimal]]) -> dict[str, Decimal]:
    """Debts, each (days overdue, open amount), summed by age."""
    sums = {bucket.name: NOTHING for bucket in BUCKETS}
    for days, amount in debts:
        sums[next(bucket.name for bucket in BUCKETS if bucket.holds(days))] += amount
    return sums


def overdue(sums: Mapping[str, Decimal]) -> Decimal:
    """All that is overdue, of sums by age."""
    return sum((amount for name, amount in sums.items() if name != BUCKETS[0].name), NOTHING)


def next_states(state: str) -> list[str]:
    """The states into which a payment may go."""
    return sorted(after.value for before, after in PAYMENT_STEPS if before == PaymentState(state))


def reference_key(reference: str) -> str:
    """The one form of an external reference: letter case, width and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", reference).casefold().split())


def on_or_today(day: date | None) -> date:
    return day or datetime.now().astimezone().date()
