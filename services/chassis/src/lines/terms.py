"""What the price and the tax of a line depend on: the catalogue of the service and the terms of the document."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, Self
from uuid import UUID

from catalogue.pricing import rate_for
from chassis.db import JsonObject
from chassis.tenant_settings import TenantSetting
from contracts.pricing import Answer, Question
from contracts.product import TaxRate
from records import Record
from sqlalchemy.ext.asyncio import AsyncSession

Prices = Callable[[Any, Question], Answer]
"""The price of one unit of a product. Raises `NoPriceKnown`."""


def any_product(_product: Any) -> None:
    """For services in which each product can be sold."""


@dataclass(frozen=True)
class Catalogue:
    """Where a service reads products, prices, tax rates and limits on discounts.

    `prices` are those of some products for a customer; `check` refuses a product that cannot be sold.
    """

    products: Record[Any, Any, Any]
    prices: Callable[[AsyncSession, Collection[Any], UUID], Awaitable[Prices]]
    tax_rates: Callable[[AsyncSession], Awaitable[Sequence[TaxRate]]]
    limits: type[TenantSetting]
    check: Callable[[Any], None] = any_product


class Buyer(Protocol):
    """A customer as far as prices and tax depend on it."""

    @property
    def id(self) -> UUID: ...
    @property
    def segment(self) -> str | None: ...
    @property
    def shipping_address(self) -> JsonObject | None: ...
    @property
    def billing_address(self) -> JsonObject | None: ...


@dataclass(frozen=True)
class Terms:
    """The terms on which prices and tax rates depend, beside product and quantity; `country` is the country of
    delivery, which determines the tax."""

    customer_id: UUID
    customer_group: str | None
    country: str | None
    currency: str
    on: date

    @classmethod
    def of(cls, buyer: Buyer, shipping_address: JsonObject | None, currency: str, on: date) -> Self:
        """The terms of a document that is delivered to this address, or to the customer's."""
        addresses = (shipping_address, buyer.shipping_address, buyer.billing_address)
        country = next((each["country"] for each in addresses if each and each.get("country")), None)
        return cls(buyer.id, buyer.segment, country, currency, on)

    def question(self, quantity: Decimal) -> Question:
        return Question(self.customer_id, self.customer_group, quantity, self.currency, self.on)


class Rates:
    """The tax rates that apply on these terms; they are read when the first one is asked for."""

    def __init__(self, session: AsyncSession, catalogue: Catalogue, terms: Terms) -> None:
        self._session, self._catalogue, self._terms = session, catalogue, terms
        self._known: Sequence[TaxRate] | None = None

    async def of(self, tax_class: str) -> Decimal:
        """The rate of a tax class, a fraction. Raises `NoTaxRateKnown`."""
        if self._known is None:
            self._known = await self._catalogue.tax_rates(self._session)
        return rate_for(self._known, tax_class, self._terms.country, self._terms.on)
