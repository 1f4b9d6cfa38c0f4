"""Shapes of requests and responses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from chassis.replication import Shown
from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import (
    Dimensions,
    Fraction,
    Gtin,
    ListedPrice,
    Price,
    PriceListTerms,
    ProductKind,
    Quantity,
    Sku,
    TaxClass,
    TaxRate,
    Units,
)
from contracts.text import NameText, NotesText, OptionalShortText, blank_to_none, refuse
from contracts.values import CurrencyCode, Money, Number
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Archived = Literal["false", "true", "any"]


class ComponentBody(BaseModel):
    """The quantity of another product in one kit, in that product's own unit."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    product_id: UUID
    quantity: Quantity = Decimal(1)


class ProductBody(BaseModel):
    """A product as a client sends it; only `name` is required."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Chai",
                    "sku": "CHAI-10",
                    "category": "Beverages",
                    "units": {"unit": "box", "conversions": [{"unit": "case", "factor": "12"}]},
                    "list_price": {"amount": "18", "currency": "EUR"},
                }
            ]
        },
    )

    name: NameText
    description: NotesText = ""
    category: OptionalShortText = None
    sku: Annotated[Sku | None, BeforeValidator(blank_to_none)] = Field(
        default=None, description="The company's number of the product; default: a generated one."
    )
    gtin: Annotated[Gtin | None, BeforeValidator(blank_to_none)] = None
    product_kind: ProductKind = ProductKind.GOODS
    units: Units = Units(unit="piece")
    tax_class: TaxClass = "standard"
    list_price: Price | None = None
    dimensions: Dimensions | None = None
    components: Annotated[list[ComponentBody], Field(max_length=100)] = Field(
        default=[], description="The components of a kit; only the ERP writes them."
    )
    custom: OwnValues = Field(default={})

    @model_validator(mode="after")
    def _only_kits_have_components(self) -> Self:
        if self.components and self.product_kind != ProductKind.KIT:
            raise refuse("components", "only a kit has components: set product_kind to kit, or omit them", "components")
        if len({each.product_id for each in self.components}) < len(self.components):
            raise refuse("components", "each component is listed once", "components")
        return self


class ProductOut(Shown):
    """A product. The ERP assigns a `sku` to a product that another system entered without one."""

    name: str
    description: str
    category: str | None
    sku: str | None
    gtin: str | None
    product_kind: ProductKind
    units: Units
    tax_class: str
    list_price: Price | None
    dimensions: Dimensions | None
    components: list[ComponentBody]
    custom: dict[str, Any]


class ProductFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="Words in name or category, or the SKU or GTIN.")
    canonical_id: UUID | None = None
    sku: str | None = None
    gtin: str | None = None
    product_kind: ProductKind | None = None
    category: str | None = None
    tax_class: str | None = None
    updated_since: datetime | None = None
    archived: Archived = "false"


class PriceQuestion(BaseModel):
    """The customer, the quantity, the currency (default: the customer's, else the company's), and the date (default:
    today)."""

    customer_id: UUID | None = None
    quantity: Quantity = Decimal(1)
    unit: OptionalShortText = Field(default=None, description="The unit of the quantity; default: the product's own.")
    currency: CurrencyCode | None = None
    on: date | None = None


class PriceAnswer(InCurrency):
    """The price of one `unit` for this customer. `price_list_id` is null when it is the product's list price."""

    product_id: UUID
    amount: Money
    currency: str
    unit: str
    quantity: Number = Field(description="The requested quantity, in `unit`.")
    on: date
    price_list_id: UUID | None
    price_list: str | None


class PriceListBody(PriceListTerms):
    """A price list: for one customer, for a group of customers (their `segment`), or for everyone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Retail 2026", "currency": "EUR", "customer_group": "retail"}]}
    )

    name: NameText
    customer_id: UUID | None = None
    custom: OwnValues = Field(default={})

    @model_validator(mode="after")
    def _for_one_audience(self) -> Self:
        if self.customer_id and self.customer_group:
            raise refuse(
                "audience", "a price list is for one customer or for a group: omit one of them", "customer_group"
            )
        return self


class PriceListOut(Shown):
    """A price list."""

    name: str
    currency: str
    customer_group: str | None
    customer_id: UUID | None
    valid_from: date | None
    valid_to: date | None
    custom: dict[str, Any]


class PriceListFilters(BaseModel):
    """Filters of the list."""

    canonical_id: UUID | None = None
    customer_id: UUID | None = None
    customer_group: str | None = None
    currency: str | None = None
    archived: Archived = "false"


class PriceBody(ListedPrice):
    """The price of one unit of a product in a price list, from a quantity on, with a period."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "price_list_id": "01936f2b-3e00-7a10-8b00-000000000006",
                    "product_id": "01936f2b-3e00-7a10-8b00-000000000005",
                    "amount": "16.50",
                    "min_quantity": "10",
                }
            ]
        }
    )

    price_list_id: UUID
    product_id: UUID
    custom: OwnValues = Field(default={})


class PriceOut(InCurrency, Shown):
    """A price, in the currency of its list."""

    price_list_id: UUID
    product_id: UUID
    min_quantity: Number
    amount: Money
    valid_from: date | None
    valid_to: date | None
    currency: str
    custom: dict[str, Any]


class PriceFilters(BaseModel):
    """Filters of the list."""

    canonical_id: UUID | None = None
    price_list_id: UUID | None = None
    product_id: UUID | None = None
    archived: Archived = "false"


class TaxRateBody(TaxRate):
    """The tax rate of a class of products delivered in a country, with a period."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"country": "DE", "tax_class": "standard", "rate": "0.19"}]}
    )

    rate: Fraction
    custom: OwnValues = Field(default={})


class TaxRateOut(Shown):
    """A tax rate."""

    country: str
    tax_class: str
    rate: Number
    valid_from: date | None
    valid_to: date | None
    custom: dict[str, Any]


class TaxRateFilters(BaseModel):
    """Filters of the list."""

    canonical_id: UUID | None = None
    country: str | None = None
    tax_class: str | None = None
    archived: Archived = "false"
