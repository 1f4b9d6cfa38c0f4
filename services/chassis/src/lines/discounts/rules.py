"""Who may give how much. Pure."""

from decimal import Decimal

from chassis.errors import Forbidden
from contracts.discount import DiscountLimits

Roles = frozenset[str]


class DiscountTooHigh(Forbidden):
    code = "discount-too-high"
    title = "The discount is beyond your limit"
    detail = "Line {line} gives {wanted} off the catalogue price; your limit is {limit}."
    hint = "Reduce the discount, or ask a user with a role in `who_may` to write or send this."


def check_discount(given: Decimal, line: int, limits: DiscountLimits, roles: Roles) -> None:
    """Raises `DiscountTooHigh` when what a line gives of the catalogue price is beyond the caller's limit."""
    limit = limits.of(roles)
    if given > limit:
        wanted = given.quantize(Decimal("0.0001"))
        field = f"lines[{line - 1}].discount"
        facts = {"limit": str(limit), "who_may": limits.who_may(wanted)}
        raise DiscountTooHigh(line=line, wanted=str(wanted), field=field, **facts)
