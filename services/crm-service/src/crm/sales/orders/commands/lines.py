"""Prices of lines: a price or a tax rate that is not entered is looked up in the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.db import uuid7
from chassis.errors import about
from contracts.discount import discount_given
from contracts.pricing import Question
from lines.discounts.queries import limits as discount_limits
from lines.discounts.rules import Roles, check_discount
from records import ReferenceUnknown, reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products import queries as catalogue
from crm.catalogue.products.models import Product, QuoteSetting
from crm.catalogue.products.records import PRODUCTS
from crm.catalogue.products.rules import NoPriceKnown, PriceTag
from crm.sales.orders.models import OrderLine, UnknownOrderLine
from crm.sales.orders.rules import Source
from crm.sales.orders.schemas import OrderLineBody

LISTED = (Source.PRICE_LIST, Source.LIST_PRICE)


@dataclass(frozen=True)
class Terms:
    """The terms on which prices and tax rates depend, beside product and quantity; `country` is the country of
    delivery."""

    customer_id: UUID
    customer_group: str | None
    country: str | None
    currency: str
    on: date

    def question(self, quantity: Decimal) -> Question:
        return Question(self.customer_id, self.customer_group, quantity, self.currency, self.on)


async def priced(
    session: AsyncSession,
    bodies: Sequence[OrderLineBody],
    present: Sequence[OrderLine],
    terms: Terms,
    *,
    anew: bool,
    roles: Roles | None,
) -> list[dict[str, Any]]:
    """Complete lines for the written ones. Catalogue prices stay, unless the line or (`anew`) the terms changed.

    `roles` limit the discounts of written lines; None is no limit. Raises `UnknownOrderLine`, `ReferenceUnknown`,
    `NoPriceKnown`, `NoTaxRateKnown`, `DiscountTooHigh`.
    """
    known = {line.id: line for line in present}
    products = await reads.by_ids(session, PRODUCTS, {body.product_id for body in bodies})
    drafts = [_Draft(body, _line(n, body, known), _product(n, body, products), anew) for n, body in enumerate(bodies)]
    unpriced = [draft.product for draft in drafts if draft.asks_for_price]
    tags = await catalogue.price_tags(session, unpriced, [terms.customer_id]) if unpriced else {}
    rates: dict[str, Decimal] = {}
    lines = []
    for number, draft in enumerate(drafts):
        with about(f"lines[{number}]"):
            if draft.asks_for_rate and draft.tax_class not in rates:
                rates[draft.tax_class] = await catalogue.tax_rate_of(session, draft.tax_class, terms.country, terms.on)
            lines.append(draft.values(terms, tags, rates))
    if roles is not None:
        await _check_discounts(session, drafts, lines, terms, roles)
    return lines


async def _check_discounts(
    session: AsyncSession, drafts: Sequence["_Draft"], lines: Sequence[Mapping[str, Any]], terms: Terms, roles: Roles
) -> None:
    """Raises `DiscountTooHigh` for the first line of the caller beyond the limit; unchanged lines are not checked."""
    written = [
        (number, draft, draft.price(line))
        for number, (draft, line) in enumerate(zip(drafts, lines, strict=True), 1)
        if draft.gives_discount(line)
    ]
    if not written:
        return
    tags = await catalogue.price_tags(session, [draft.product for _, draft, _ in written], [terms.customer_id])
    limits, _ = await discount_limits(session, QuoteSetting)
    for number, draft, price in written:
        try:
            listed = tags[draft.product.id].answer(terms.question(draft.body.quantity)).amount
        except NoPriceKnown:
            listed = None
        check_discount(discount_given(price, draft.body.discount, listed), number, limits, roles)


@dataclass(frozen=True)
class _Draft:
    """A written line, with the stored line that it changes."""

    body: OrderLineBody
    line: OrderLine | None
    product: Product
    anew: bool

    @property
    def same_product(self) -> OrderLine | None:
        """The stored line, if it has the same product."""
        stays = self.line is not None and not self.anew and self.line.product_id == self.body.product_id
        return self.line if stays else None

    @property
    def same_amount(self) -> OrderLine | None:
        line = self.same_product
        return line if line is not None and line.quantity == self.body.quantity else None

    @property
    def tax_class(self) -> str:
        return self.same_product.tax_class if self.same_product else self.product.tax_class

    @property
    def asks_for_price(self) -> bool:
        return self.body.unit_price is None and not (self.same_amount and self.same_amount.price_from in LISTED)

    @property
    def asks_for_rate(self) -> bool:
        declared = self.same_product and self.same_product.tax_from == Source.DECLARED
        return self.body.tax_rate is None and not declared

    def price(self, line: Mapping[str, Any]) -> Decimal:
        """The unit price of the complete line."""
        kept = self.line.unit_price if self.line else None
        found: Decimal = line.get("unit_price", kept)
        return found

    def gives_discount(self, line: Mapping[str, Any]) -> bool:
        """Whether the line contains a new discount or a new price."""
        before = self.line
        if before is None:
            return bool(self.body.discount) or line.get("price_from") == Source.ENTERED
        now = (self.body.product_id, self.body.quantity, self.body.discount, self.price(line))
        same = now == (before.product_id, before.quantity, before.discount, before.unit_price)
        return not same and (bool(self.body.discount) or line.get("price_from", before.price_from) not in LISTED)

    def values(self, terms: Terms, tags: Mapping[UUID, PriceTag], rates: Mapping[str, Decimal]) -> dict[str, Any]:
        return {
            "id": self.line.id if self.line else uuid7(),
            "product_id": self.product.id,
            "description": self.body.description,
            "quantity": self.body.quantity,
            "discount": self.body.discount,
            "tax_class": self.tax_class,
            **self._price(terms, tags),
            **self._rate(rates),
        }

    def _price(self, terms: Terms, tags: Mapping[UUID, PriceTag]) -> dict[str, Any]:
        if self.asks_for_price:
            answer = tags[self.product.id].answer(terms.question(self.body.quantity))
            source = Source.PRICE_LIST if answer.price_list_id else Source.LIST_PRICE
            return {"unit_price": answer.amount, "price_from": source.value, "price_list_id": answer.price_list_id}
        line, wanted = self.same_amount, self.body.unit_price
        if line is not None and wanted in (None, line.unit_price):
            return {}
        return {"unit_price": wanted, "price_from": Source.ENTERED.value, "price_list_id": None}

    def _rate(self, rates: Mapping[str, Decimal]) -> dict[str, Any]:
        if self.asks_for_rate:
            return {"tax_rate": rates[self.tax_class], "tax_from": Source.DECLARED.value}
        line, wanted = self.same_product, self.body.tax_rate
        if line is not None and wanted in (None, line.tax_rate):
            return {}
        return {"tax_rate": wanted, "tax_from": Source.ENTERED.value}


def _line(number: int, body: OrderLineBody, known: Mapping[UUID, OrderLine]) -> OrderLine | None:
    if body.id is not None and body.id not in known:
        raise UnknownOrderLine(id=str(body.id), field=f"lines[{number}].id")
    return known[body.id] if body.id else None


def _product(number: int, body: OrderLineBody, products: Mapping[UUID, Product]) -> Product:
    if body.product_id not in products:
        raise ReferenceUnknown(kind="product", id=body.product_id, field=f"lines[{number}].product_id")
    return products[body.product_id]
