"""The categories and the weeks of a forecast. Pure."""

from datetime import date, timedelta
from decimal import Decimal

COMMITTED = Decimal("0.75")
BEST_CASE = Decimal("0.5")
"""The least probability of a deal of each category; a committed deal is part of the best case too."""


FROZEN_PAST = timedelta(days=366)
"""How far back a frozen forecast contains what was won."""


def week_of(day: date) -> date:
    """The Monday of the week of a day."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)


def fraction(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """The part of a whole with four decimals; None of nothing."""
    return round(Decimal(part) / whole, 4) if whole else None
