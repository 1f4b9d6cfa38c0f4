"""The tables of products, price lists, prices and tax rates, and how they change."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.db import JsonObject, unique
from chassis.replication import Replicated
from contracts.normalise import gtin_key, name_key, sku_key
from contracts.product import ListedPrice, PriceListTerms, TaxRate
from records import FromJson, word_index
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, Text, inspect, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from erp.tables import Base

JsonValue = JSONB(none_as_null=True)
IN_USE = text("archived_at is null")


class Component(Base):
    """How much of another product one kit holds, in that product's own unit."""

    __tablename__ = "product_components"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "component_id"], ["products.tenant_id", "products.id"]),
        Index(None, "tenant_id", "component_id"),
    )

    kit_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column("component_id", primary_key=True)
    quantity: Mapped[Decimal]
    position: Mapped[int] = mapped_column(SmallInteger)


class Product(Replicated, Base):
    """What is sold. `units`, `list_price` and `dimensions` are kept in their published JSON form.

    A product has a SKU as soon as the ERP has seen it: one that was entered without gets one from us. `sku_key` and
    `gtin_key` are the forms in which two are compared.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("product_kind in ('goods', 'service', 'kit')", name="product_kind"),
        unique("id"),
        unique("sku_key"),
        unique("gtin_key"),
        Index(None, "tenant_id", "name", "id"),
        word_index("products"),
        Index(None, "tenant_id", "updated_at", "id"),
        Index("ix_products_without_sku", "id", postgresql_where=text("sku is null and archived_at is null")),
    )

    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
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

    components: Mapped[list[Component]] = relationship(
        foreign_keys=Component.kit_id, lazy="raise", order_by=Component.position, cascade="all, delete-orphan"
    )

    @classmethod
    def blank(cls) -> Self:
        """A product that nothing is known of yet: goods, counted in pieces, taxed like most."""
        return cls(
            name="",
            description="",
            category=None,
            sku=None,
            gtin=None,
            product_kind="goods",
            units={"unit": "piece", "conversions": []},
            tax_class="standard",
            list_price=None,
            dimensions=None,
            search="",
            components=[],
        )

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields from checked values in JSON form; those not named stay."""
        for field, value in values.items():
            if field == "components":
                self._list_components(value)
            else:
                setattr(self, field, value)
        self.sku_key = sku_key(self.sku) if self.sku else None
        self.gtin_key = gtin_key(self.gtin) if self.gtin else None
        words = (self.name, self.sku, self.gtin, self.category)
        self.search = " ".join(name_key(each) for each in words if each)

    def _list_components(self, values: Sequence[Mapping[str, Any]]) -> None:
        present = {component.product_id: component for component in self.components}
        listed = []
        for position, value in enumerate(values, start=1):
            component = present.get(UUID(value["product_id"])) or Component(product_id=UUID(value["product_id"]))
            component.quantity, component.position = Decimal(value["quantity"]), position
            listed.append(component)
        self.components = listed


class Declared(FromJson, Replicated):
    """What only the ERP declares."""

    @classmethod
    def blank(cls) -> Self:
        """A row that nothing is known of yet."""
        return cls(**{column.key: None for column in inspect(cls).columns if column.server_default is None})


class PriceList(Declared, Base):
    """Prices for one customer, one group of customers (a customer's `segment`), or everyone; for a time."""

    __tablename__ = "price_lists"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("customer_id is null or customer_group is null", name="one_audience"),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
    )

    name: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    customer_group: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]

    @property
    def terms(self) -> PriceListTerms:
        return PriceListTerms(
            currency=self.currency,
            customer_group=self.customer_group,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )


class Price(Declared, Base):
    """What one unit of a product costs in a price list from a quantity on, for a time."""

    __tablename__ = "prices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "price_list_id"], ["price_lists.tenant_id", "price_lists.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        Index(
            "uq_prices_in_use",
            "tenant_id",
            "price_list_id",
            "product_id",
            "min_quantity",
            "valid_from",
            unique=True,
            postgresql_where=IN_USE,
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "tenant_id", "product_id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )

    price_list_id: Mapped[UUID]
    product_id: Mapped[UUID]
    min_quantity: Mapped[Decimal]
    amount: Mapped[Decimal]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]

    @property
    def listed(self) -> ListedPrice:
        return ListedPrice(
            min_quantity=self.min_quantity, amount=self.amount, valid_from=self.valid_from, valid_to=self.valid_to
        )


class TaxRateRow(Declared, Base):
    """What is charged on a class of products in a country, for a time."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        Index(
            "uq_tax_rates_in_use",
            "tenant_id",
            "country",
            "tax_class",
            "valid_from",
            unique=True,
            postgresql_where=IN_USE,
            postgresql_nulls_not_distinct=True,
        ),
    )

    country: Mapped[str] = mapped_column(Text)
    tax_class: Mapped[str] = mapped_column(Text)
    rate: Mapped[Decimal]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]

    @property
    def declared(self) -> TaxRate:
        return TaxRate(
            country=self.country,
            tax_class=self.tax_class,
            rate=self.rate,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )
