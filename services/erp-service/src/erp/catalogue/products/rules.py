"""How quantities are brought to a product's own unit. No database."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chassis.bounds import at_most
from chassis.errors import Conflict
from contracts.bounds import LARGEST_AMOUNT
from contracts.money import EXACT
from numbering import Series

SKUS = Series("product", "P-", dated=False)
STEP = Decimal("0.0001")
"""Quantities have four decimals."""


class UnknownUnit(Conflict):
    code = "unknown-unit"
    title = "The product is not handled in that unit"
    detail = "It is counted in {own}; other units of it: {others}."
    hint = "Use one of these units, or add a conversion to the product's `units`."


def in_own_unit(units: Mapping[str, Any], quantity: Decimal, unit: str | None) -> Decimal:
    """The quantity counted in the product's own unit; no unit is the own one. Raises `UnknownUnit`, `OutOfBounds`."""
    if unit is None or unit == units["unit"]:
        return quantity
    factors = {each["unit"]: Decimal(each["factor"]) for each in units["conversions"]}
    if unit not in factors:
        raise UnknownUnit(unit=unit, own=units["unit"], others=", ".join(factors) or "none")
    return at_most(LARGEST_AMOUNT, EXACT.quantize(EXACT.multiply(quantity, factors[unit]), STEP), "quantity")
