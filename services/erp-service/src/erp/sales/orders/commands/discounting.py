"""Limits on the discounts of lines that somebody writes."""

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
    """What a line charges to whom: a line of which this stays gives no more than somebody was allowed to give."""

    customer_id: UUID
    currency: str
    product_id: UUID
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal

    @classmethod
    def of(cls, row: Order, line: OrderLine) -> Self:
        """The charge of a line as it stands."""
        return cls(row.customer_id, row.currency, line.product_id, line.quantity, line.unit_price, line.discount)


@dataclass(frozen=True)
class WrittenLine:
    """A line as its writer sent it, and as it stands now; `before` is what it charged."""

    body: OrderLineBody
    line: OrderLine
    product: Product
    before: Charge | None

    def gives_discount(self, row: Order) -> bool:
        """Whether a discount, or a price of one's own, is written that did not stand there already."""
        entered = bool(self.line.discount) or self.body.unit_price is not None
        return entered and Charge.of(row, self.line) != self.before


async def check_discounts(
    session: AsyncSession, row: Order, customer: Customer, written: Sequence[WrittenLine], roles: Roles
) -> None:
    """Raises `DiscountTooHigh` for the first line that the caller writes beyond the limit; others' lines stay."""
    found = [(number, each) for number, each in enumerate(written, 1) if each.gives_discount(row)]
    if not found:
        return
    limits, _ = await discount_limits(session, OrderSetting)
    asked = [(each.product, question(row, each.line.quantity, customer)) for _, each in found]
    for (number, each), listed in zip(found, await products.catalogue_prices(session, asked), strict=True):
        check_discount(discount_given(each.line.unit_price, each.line.discount, listed), number, limits, roles)


def question(row: Order, quantity: Decimal, customer: Customer) -> Question:
    """What the price of a line depends on, beside its product."""
    return Question(customer.id, customer.segment, quantity, row.currency, row.ordered_on)
