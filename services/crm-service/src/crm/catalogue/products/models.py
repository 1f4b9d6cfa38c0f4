"""The table of products, and of copies of the ERP's price lists, prices, tax rates and stock."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from catalogue.columns import PriceColumns, PriceListColumns, ProductColumns, TaxRateColumns
from chassis.db import Summed, unique
from chassis.replication import Replicated
from chassis.tenant_settings import TenantSetting
from contracts.product import ProductKind
from custom_fields.columns import OwnFields
from records import FromJson, word_index
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base

USUAL: Mapping[str, Any] = {
    "product_kind": ProductKind.GOODS.value,
    "units": {"unit": "piece", "conversions": []},
    "tax_class": "standard",
}
"""The default kind of a product."""


class Product(OwnFields, ProductColumns, Base):
    """What can be sold. `units`, `list_price` and `dimensions` are kept in their published JSON form.

    `sku_key` and `gtin_key` are the normalised forms for comparison.
    """

    __tablename__ = "products"
    __table_args__ = (
        unique("id"),
        unique("sku_key"),
        unique("gtin_key"),
        Index(None, "tenant_id", "name", "id"),
        word_index("products"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index(None, "tenant_id", "category"),
    )

    description: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def blank(cls) -> Self:
        """A new product with the defaults: goods, counted in pieces, standard tax class."""
        return cls(
            name="",
            description=None,
            category=None,
            sku=None,
            gtin=None,
            list_price=None,
            dimensions=None,
            search="",
            **USUAL,
        )

    @property
    def unit(self) -> str:
        """The unit in which it is counted and priced."""
        return str(self.units["unit"])

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            setattr(self, field, value or USUAL.get(field))
        self.derive()


class Copy(FromJson, Replicated):
    """A record that only the ERP writes: here only deliveries change it."""


class Availability(Copy, Base):
    """Stock of one product over all warehouses; `updated_at` is the time of the figures."""

    __tablename__ = "availability"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        unique("product_id"),
    )

    product_id: Mapped[UUID]
    on_hand: Mapped[Summed]
    reserved: Mapped[Summed]
    available: Mapped[Summed]


class PriceList(PriceListColumns, Copy, Base):
    """Prices for one customer, for one customer group (a customer's `segment`), or for everyone; for a time."""

    __tablename__ = "price_lists"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "customer_id"),
    )


class ListEntry(PriceColumns, Copy, Base):
    """What one unit of a product costs in a price list from a quantity on, for a time."""

    __tablename__ = "prices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "price_list_id"], ["price_lists.tenant_id", "price_lists.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        Index(None, "tenant_id", "product_id"),
        Index(None, "tenant_id", "price_list_id", "product_id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )


class DeclaredRate(TaxRateColumns, Copy, Base):
    """What is charged on a class of products in a country, for a time."""

    __tablename__ = "tax_rates"
    __table_args__ = (Index(None, "tenant_id", "country", "tax_class"),)


class QuoteSetting(TenantSetting, Base):
    """A setting that a tenant has declared for its quotes: `discount-limits`, `letterhead`."""

    __tablename__ = "quote_settings"
