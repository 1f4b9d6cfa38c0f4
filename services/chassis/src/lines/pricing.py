"""Written lines become complete ones: the product, and the price, tax rate and discount that apply.

What the caller omits is looked up in the catalogue of the service. What is stored stays, unless the line or the terms
of the document changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from catalogue.pricing import NoPriceKnown
from chassis.db import uuid7
from chassis.errors import Conflict, about
from contracts.discount import discount_given
from records import ReferenceUnknown, reads
from sqlalchemy.ext.asyncio import AsyncSession

from lines.amounts import Priced
from lines.discounts.queries import limits as discount_limits
from lines.discounts.rules import Roles, check_discount
from lines.schemas import LineBody
from lines.terms import Catalogue, Prices, Rates, Terms


class NoSuchLine(Conflict):
    code = "no-such-line"
    part = "line_id"
    title = "The document has no such line"
    detail = "It has no line with the id {line}."
    hint = "Read the document: its lines have ids. Omit the id to add a line."


class Source(StrEnum):
    """The source of a line's price or tax rate.

    `entered` by a person, from a `price_list`, the product's `list_price`, the `declared` tax rate, or `delivered` by
    another system.
    """

    ENTERED = "entered"
    PRICE_LIST = "price_list"
    LIST_PRICE = "list_price"
    DECLARED = "declared"
    DELIVERED = "delivered"

    @classmethod
    def _missing_(cls, value: object) -> "Source | None":
        """Rows that the ERP stored before 29 November 2026 have `given`."""
        return cls.ENTERED if value == "given" else None


LISTED = (Source.PRICE_LIST, Source.LIST_PRICE)


class Stored(Priced, Protocol):
    """A line of a document as it is stored."""

    @property
    def id(self) -> UUID: ...
    @property
    def product_id(self) -> UUID: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def price_from(self) -> str: ...


@dataclass(frozen=True)
class WrittenLine:
    """A line as the caller wrote it, with its product and the stored line that it changes.

    `anew`: the terms of the document changed, so looked-up values are looked up again.
    """

    body: LineBody
    product: Any
    stored: Stored | None
    anew: bool

    @property
    def same_product(self) -> Stored | None:
        """The stored line, if its product and terms did not change."""
        stays = self.stored is not None and not self.anew and self.stored.product_id == self.body.product_id
        return self.stored if stays else None

    @property
    def same_amount(self) -> Stored | None:
        """The same, if the quantity did not change either."""
        line = self.same_product
        return line if line is not None and line.quantity == self.body.quantity else None

    @property
    def tax_class(self) -> str:
        return str(self.body.tax_class or (self.same_product or self.product).tax_class)

    @property
    def asks_for_price(self) -> bool:
        return self.body.unit_price is None and not (self.same_amount and self.same_amount.price_from in LISTED)

    async def priced(self, prices: Prices, terms: Terms, rates: Rates) -> "PricedLine":
        """The complete line. Raises `NoPriceKnown`, `NoTaxRateKnown`."""
        unit_price, price_sources = self._price(prices, terms)
        tax_rate, rate_sources = await self._rate(rates)
        return PricedLine(**vars(self), unit_price=unit_price, tax_rate=tax_rate, sources=price_sources | rate_sources)

    def _price(self, prices: Prices, terms: Terms) -> tuple[Decimal, dict[str, Any]]:
        wanted, line = self.body.unit_price, self.same_amount
        if line is not None and (line.price_from in LISTED if wanted is None else wanted == line.unit_price):
            return line.unit_price, {}
        if wanted is not None:
            return wanted, {"price_from": Source.ENTERED.value, "price_list_id": None}
        answer = prices(self.product, terms.question(self.body.quantity))
        source = Source.PRICE_LIST if answer.price_list_id else Source.LIST_PRICE
        return answer.amount, {"price_from": source.value, "price_list_id": answer.price_list_id}

    async def _rate(self, rates: Rates) -> tuple[Decimal, dict[str, Any]]:
        wanted, line = self.body.tax_rate, self.same_product
        if line is not None and (self._declared(line) if wanted is None else wanted == line.tax_rate):
            return line.tax_rate, {}
        if wanted is not None:
            return wanted, {"tax_from": Source.ENTERED.value}
        return await rates.of(self.tax_class), {"tax_from": Source.DECLARED.value}

    def _declared(self, line: Stored) -> bool:
        """Whether the line's rate is known to be the declared one of its class."""
        return getattr(line, "tax_from", None) == Source.DECLARED and line.tax_class == self.tax_class


@dataclass(frozen=True)
class PricedLine(WrittenLine):
    """A complete line. `sources` are the columns that say where its price and its tax rate come from; those of kept
    values are omitted."""

    unit_price: Decimal
    tax_rate: Decimal
    sources: Mapping[str, Any]

    @cached_property
    def id(self) -> UUID:
        """The id of the stored line, or a new one."""
        return self.stored.id if self.stored else uuid7()

    @property
    def price_from(self) -> str:
        """The source of the price, kept or not."""
        kept = self.stored.price_from if self.stored else Source.ENTERED
        return str(self.sources.get("price_from", kept))

    @property
    def values(self) -> dict[str, Any]:
        """The line's columns, but for its position and its sources."""
        return {
            "id": self.id,
            "product_id": self.product.id,
            "description": self.body.description,
            "quantity": self.body.quantity,
            "unit_price": self.unit_price,
            "discount": self.body.discount,
            "tax_class": self.tax_class,
            "tax_rate": self.tax_rate,
        }

    def gives_discount(self, *, anew: bool) -> bool:
        """Whether the line contains a discount or a price of its own, and changed, or (`anew`) counts as changed."""
        if not self.body.discount and self.price_from in LISTED:
            return False
        line, now = self.stored, (self.product.id, self.body.quantity, self.unit_price, self.body.discount)
        return anew or line is None or now != (line.product_id, line.quantity, line.unit_price, line.discount)


async def priced(
    session: AsyncSession,
    catalogue: Catalogue,
    bodies: Sequence[LineBody],
    present: Sequence[Stored],
    terms: Terms,
    rates: Rates,
    *,
    anew: bool,
) -> list[PricedLine]:
    """Complete lines for the written ones. Catalogue prices stay, unless the line or (`anew`) the terms changed.

    Raises `NoSuchLine`, `ReferenceUnknown`, `NoPriceKnown`, `NoTaxRateKnown`, and the errors of the catalogue's check.
    """
    written = await _written(session, catalogue, bodies, present, anew=anew)
    prices = await _prices(session, catalogue, [line for line in written if line.asks_for_price], terms)
    lines = []
    for number, line in enumerate(written):
        with about(f"lines[{number}]"):
            lines.append(await line.priced(prices, terms, rates))
    return lines


async def catalogue_prices(
    session: AsyncSession, catalogue: Catalogue, lines: Sequence[PricedLine], terms: Terms
) -> list[Decimal | None]:
    """The price of the catalogue for each line; None if there is none."""
    prices = await _prices(session, catalogue, lines, terms)
    found: list[Decimal | None] = []
    for line in lines:
        try:
            found.append(prices(line.product, terms.question(line.body.quantity)).amount)
        except NoPriceKnown:
            found.append(None)
    return found


async def check_discounts(
    session: AsyncSession, catalogue: Catalogue, lines: Sequence[PricedLine], terms: Terms, roles: Roles, *, anew: bool
) -> None:
    """Raises `DiscountTooHigh` for the first line beyond the caller's limit.

    Unchanged lines were checked before, unless (`anew`) the customer or the currency is another one since.
    """
    found = [(number, line) for number, line in enumerate(lines, 1) if line.gives_discount(anew=anew)]
    if not found:
        return
    limits, _ = await discount_limits(session, catalogue.limits)
    listed = await catalogue_prices(session, catalogue, [line for _, line in found], terms)
    for (number, line), price in zip(found, listed, strict=True):
        check_discount(discount_given(line.unit_price, line.body.discount, price), number, limits, roles)


async def _prices(session: AsyncSession, catalogue: Catalogue, lines: Sequence[WrittenLine], terms: Terms) -> Prices:
    products = {line.product.id: line.product for line in lines}
    return await catalogue.prices(session, products.values(), terms.customer_id)


async def _written(
    session: AsyncSession, catalogue: Catalogue, bodies: Sequence[LineBody], present: Sequence[Stored], *, anew: bool
) -> list[WrittenLine]:
    known = {line.id: line for line in present}
    products = await reads.by_ids(session, catalogue.products, {body.product_id for body in bodies})
    written = []
    for number, body in enumerate(bodies):
        if body.id is not None and body.id not in known:
            raise NoSuchLine(line=str(body.id), field=f"lines[{number}].id")
        product = products.get(body.product_id)
        if product is None:
            raise ReferenceUnknown(kind="product", id=body.product_id, field=f"lines[{number}].product_id")
        with about(f"lines[{number}]"):
            catalogue.check(product)
        written.append(WrittenLine(body, product, known[body.id] if body.id else None, anew))
    return written
