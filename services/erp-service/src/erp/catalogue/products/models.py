"""The tables of products, price lists, prices and tax rates, and how they change."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from catalogue.columns import PriceColumns, PriceListColumns, ProductColumns, TaxRateColumns
from chassis.db import unique
from chassis.replication import Replicated
from custom_fields.columns import OwnFields
from records import FromJson, word_index
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    inspect,
    select,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from erp.tables import Base

IN_USE = text("archived_at is null")


class Component(Base):
    """The quantity of another product in one kit, in that product's own unit."""

    __tablename__ = "product_components"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "component_id"], ["products.tenant_id", "products.id"]),
        Index(None, "tenant_id", "component_id"),
    )

    kit_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), primary_key=True)
    product_id: Mapped[UUID] = mapped_column("component_id", primary_key=True)
    quantity: Mapped[Decimal]
    position: Mapped[int] = mapped_column(SmallInteger)


class Product(OwnFields, ProductColumns, Base):
    """A product for sale. `units`, `list_price` and `dimensions` are stored in their published JSON form.

    The ERP assigns a SKU to every product that was entered without one. `sku_key` and `gtin_key` are the normalised
    forms for comparison.
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

    description: Mapped[str] = mapped_column(Text, server_default=text("''"))

    components: Mapped[list[Component]] = relationship(
        foreign_keys=Component.kit_id, lazy="raise", order_by=Component.position, cascade="all, delete-orphan"
    )

    @classmethod
    def blank(cls) -> Self:
        """A product with the defaults: goods, counted in pieces, standard tax class."""
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
        """Set fields from validated values in JSON form; other fields are unchanged."""
        for field, value in values.items():
            if field == "components":
                self._list_components(value)
            else:
                setattr(self, field, value)
        self.derive()

    def _list_components(self, values: Sequence[Mapping[str, Any]]) -> None:
        present = {component.product_id: component for component in self.components}
        listed = []
        for position, value in enumerate(values, start=1):
            component = present.get(UUID(value["product_id"])) or Component(product_id=UUID(value["product_id"]))
            component.quantity, component.position = Decimal(value["quantity"]), position
            listed.append(component)
        self.components = listed


class Declared(FromJson, Replicated):
    """Base of the tables that only the ERP declares."""

    @classmethod
    def blank(cls) -> Self:
        """A new row with the defaults."""
        return cls(**{column.key: None for column in inspect(cls).local_table.c if column.server_default is None})


class PriceList(OwnFields, PriceListColumns, Declared, Base):
    """Prices for one customer, one group of customers (a customer's `segment`), or everyone; with a period."""

    __tablename__ = "price_lists"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("customer_id is null or customer_group is null", name="one_audience"),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
    )


class Price(OwnFields, PriceColumns, Declared, Base):
    """The price of one unit of a product in a price list from a quantity on, with a period.

    `currency` is that of the list; it is read where the price is shown or announced.
    """

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

    price_list_id: Mapped[UUID] = mapped_column()
    currency: Mapped[str] = column_property(
        select(PriceList.currency).where(PriceList.id == price_list_id).correlate_except(PriceList).scalar_subquery(),
        deferred=True,
        expire_on_flush=False,
    )


class TaxRateRow(OwnFields, TaxRateColumns, Declared, Base):
    """The tax rate of a class of products in a country, with a period."""

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
