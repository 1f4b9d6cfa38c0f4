"""Limits on the discounts of written lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self
from uuid import UUID

from contracts.discount import discount_given
from contracts.pricing import Question
from lines.discounts.queries import limits as discount_limits
from lines.discounts.rules import Roles, check_discount
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries as products
from erp.catalogue.products.models import Product
from erp.parties.customers.models import Customer
from erp.sales.orders.models import Order, OrderLine, OrderSetting
from erp.sales.orders.schemas import OrderLineBody


@dataclass(frozen=True)
class Charge:
    """The customer and the price terms of a line: a line with unchanged terms was checked before."""

    customer_id: UUID
    currency: str
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal

    @classmethod
    def of(cls, row: Order, line: OrderLine) -> Self:
        """The charge of a stored line."""
        return cls(row.customer_id, row.currency, line.product_id, line.quantity, line.unit_price, line.discount)


@dataclass(frozen=True)
class WrittenLine:
    """A line as sent, and as stored now; `before` is its previous charge."""

    body: OrderLineBody
    line: OrderLine
    product: Product
    before: Charge | None

    def gives_discount(self, row: Order) -> bool:
        """Whether the line contains a new discount or a new price."""
        entered = bool(self.line.discount) or self.body.unit_price is not None
        return entered and Charge.of(row, self.line) != self.before


async def check_discounts(
    session: AsyncSession, row: Order, customer: Customer, written: Sequence[WrittenLine], roles: Roles
) -> None:
    """Raises `DiscountTooHigh` for the first written line beyond the limit; unchanged lines are not checked."""
    found = [(number, each) for number, each in enumerate(written, 1) if each.gives_discount(row)]
    if not found:
        return
    limits, _ = await discount_limits(session, OrderSetting)
    asked = [(each.product, question(row, each.line.quantity, customer)) for _, each in found]
    for (number, each), listed in zip(found, await products.catalogue_prices(session, asked), strict=True):
        check_discount(discount_given(each.line.unit_price, each.line.discount, listed), number, limits, roles)


def question(row: Order, quantity: Decimal, customer: Customer) -> Question:
    """The terms on which the price of a line depends, beside its product."""
    return Question(customer.id, customer.segment, quantity, row.currency, row.ordered_on)
