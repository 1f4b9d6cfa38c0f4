"""Columns of the tables of both services."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from chassis.db import JsonObject
from chassis.replication import Replicated
from contracts.normalise import gtin_key, name_key, sku_key
from contracts.product import ListedPrice, PriceListTerms, TaxRate
from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

JsonValue = JSONB(none_as_null=True)


class ProductColumns(Replicated):
    """A product. `units`, `list_price` and `dimensions` are stored in their published JSON form.

    `sku_key` and `gtin_key` are the normalised forms for comparison.
    """

    name: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    sku_key: Mapped[str | None] = mapped_column(Text)
    gtin: Mapped[str | None] = mapped_column(Text)
    gtin_key: Mapped[str | None] = mapped_column(Text)
    product_kind: Mapped[str] = mapped_column(Text)
    units: Mapped[JsonObject]
    tax_class: Mapped[str] = mapped_column(Text)
    list_price: Mapped[JsonObject | None] = mapped_column(JsonValue)
    dimensions: Mapped[JsonObject | None] = mapped_column(JsonValue)
    search: Mapped[str] = mapped_column(Text)

    def derive(self) -> None:
        """Set the derived columns: the keys and the words that `q` searches."""
        self.sku_key = sku_key(self.sku) if self.sku else None
        self.gtin_key = gtin_key(self.gtin) if self.gtin else None
        words = (self.name, self.sku, self.gtin, self.category)
        self.search = " ".join(name_key(each) for each in words if each)


class ForATime:
    """The period of validity; None is no limit."""

    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class PriceListColumns(ForATime):
    """Prices for one customer, for one customer group (a customer's `segment`), or for everyone; with a period."""

    name: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(Text)
    customer_group: Mapped[str | None] = mapped_column(Text)

    @property
    def terms(self) -> PriceListTerms:
        return PriceListTerms(
            currency=self.currency,
            customer_group=self.customer_group,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class PriceColumns(ForATime):
    """The price of one unit of a product in a price list from a quantity on, with a period."""

    price_list_id: Mapped[UUID]
    product_id: Mapped[UUID]
    min_quantity: Mapped[Decimal]
    amount: Mapped[Decimal]

    @property
    def listed(self) -> ListedPrice:
        return ListedPrice(
            min_quantity=self.min_quantity, amount=self.amount, valid_from=self.valid_from, valid_to=self.valid_to
        )


class TaxRateColumns(ForATime):
    """The tax rate of a class of products in a country, with a period."""

    country: Mapped[str] = mapped_column(Text)
    tax_class: Mapped[str] = mapped_column(Text)
    rate: Mapped[Decimal]

    @property
    def declared(self) -> TaxRate:
        return TaxRate(
            country=self.country,
            tax_class=self.tax_class,
            rate=self.rate,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
