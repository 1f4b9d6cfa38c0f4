"""Numbers that are derived from what was sent: refused before they reach a column that cannot hold them."""

from decimal import Decimal

from chassis.errors import Conflict


class OutOfBounds(Conflict):
    code = "out-of-bounds"
    title = "A number comes to more than can be stored"
    detail = "{field} comes to {value}; the greatest possible is {greatest}."
    hint = "Make the numbers smaller, or split the record into several."


def at_most(greatest: Decimal, value: Decimal, field: str) -> Decimal:
    """The value. Raise `OutOfBounds`, naming the field, when it is beyond `greatest` or below its negative."""
    if abs(value) > greatest:
        raise OutOfBounds(field=field, value=f"{value:f}", greatest=f"{greatest:f}")
    return value
