"""Bounds of derived numbers: a number that its column cannot hold is refused before the write."""

from decimal import Decimal

from chassis.errors import Conflict


class OutOfBounds(Conflict):
    code = "out-of-bounds"
    title = "A number is too large"
    detail = "{field} is {value}; the largest allowed number is {greatest}."
    hint = "Make the numbers smaller, or split the record into several."


def at_most(greatest: Decimal, value: Decimal, field: str) -> Decimal:
    """The value. Raises `OutOfBounds` with the field when it is above `greatest` or below its negative."""
    if abs(value) > greatest:
        raise OutOfBounds(field=field, value=f"{value:f}", greatest=f"{greatest:f}")
    return value
