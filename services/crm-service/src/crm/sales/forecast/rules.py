"""The categories of a forecast. Pure."""

from decimal import Decimal

COMMITTED = Decimal("0.75")
BEST_CASE = Decimal("0.5")
"""The least probability of a deal of each category; a committed deal is part of the best case too."""


def fraction(part: int, whole: int) -> Decimal | None:
    """The part of a whole with four decimals; None of nothing."""
    return round(Decimal(part) / whole, 4) if whole else None
