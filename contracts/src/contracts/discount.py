"""The limit of discounts on catalogue prices: the same rule in every system in which lines are entered."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field

from contracts.money import EXACT
from contracts.product import Fraction
from contracts.text import one_line
from contracts.values import Value

Role = Annotated[str, Field(min_length=1, max_length=60), BeforeValidator(one_line)]

BUILT_IN = {
    "sales": Decimal("0.1"),
    "sales-lead": Decimal("0.3"),
    "sales-manager": Decimal("0.3"),
    "sales-director": Decimal(1),
}
"""The limits of a tenant that has declared none."""


class DiscountLimits(Value):
    """The greatest discount by role, as a fraction; `everyone` applies to callers without a listed role."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"everyone": "0.05", "roles": {"sales-lead": "0.2"}}]})

    everyone: Fraction = Decimal("0.05")
    roles: dict[Role, Fraction] = Field(default_factory=lambda: dict(BUILT_IN), max_length=50)

    def of(self, roles: Iterable[str]) -> Decimal:
        """The limit of a caller: the greatest limit of its roles."""
        return max([self.everyone, *(self.roles[role] for role in roles if role in self.roles)])

    def who_may(self, discount: Decimal) -> list[str]:
        """The roles whose limit allows this discount."""
        return sorted(role for role, limit in self.roles.items() if limit >= discount)


def discount_given(unit_price: Decimal, discount: Decimal, catalogue_price: Decimal | None) -> Decimal:
    """The discount as a fraction of the catalogue price, given as a discount or as a lower price.

    Without a catalogue price, only the explicit discount counts.
    """
    if not catalogue_price:
        return discount
    paid = EXACT.multiply(unit_price, 1 - discount)
    return max(Decimal(0), 1 - EXACT.divide(paid, catalogue_price))
