"""Shapes of requests and responses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.described import ProblemFacts
from chassis.replication import Shown
from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import (
    CountedSum,
    Dimensions,
    Fraction,
    Gtin,
    Price,
    ProductKind,
    Quantity,
    Sku,
    TaxClass,
    UnitPrice,
)
from contracts.product import Units as UnitsValue
from contracts.text import NameText, NotesText, Optional, OptionalShortText
from contracts.values import CountryCode, CurrencyCode
from pydantic import BaseModel, ConfigDict, Field
from records import SharedFilters

KEPT = "Owned by the ERP: read-only here."
UNTIL_LINKED = "May be written here until the product is linked; from then on the ERP owns it."


class ProductBody(BaseModel):
    """A product as a client sends it; only `name` is required."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Chai",
                    "sku": "NW-1",
                    "category": "Beverages",
                    "description": "10 boxes x 30 bags",
                    "units": {"unit": "box"},
                }
            ]
        },
    )

    name: NameText
    description: Optional[NotesText] = None
    category: OptionalShortText = Field(default=None, description="The product group.")
    sku: Optional[Sku] = Field(default=None, description=UNTIL_LINKED)
    gtin: Optional[Gtin] = Field(default=None, description=UNTIL_LINKED)
    units: UnitsValue = Field(default=UnitsValue(unit="piece"), description=UNTIL_LINKED)
    tax_class: TaxClass = Field(default="standard", description=UNTIL_LINKED)
    product_kind: ProductKind = Field(default=ProductKind.GOODS, description=UNTIL_LINKED)
    list_price: Price | None = Field(default=None, description=KEPT)
    dimensions: Dimensions | None = Field(default=None, description=KEPT)
    custom: OwnValues = {}


class Stock(BaseModel):
    """The stock of a product, in its unit; `available` is not reserved."""

    on_hand: CountedSum
    reserved: CountedSum
    available: CountedSum
    as_of: datetime = Field(description="When the ERP last delivered it.")


class ProductOut(Shown):
    """A product with its stock; `availability` is null when the ERP has delivered none."""

    name: str
    description: str | None
    category: str | None
    sku: str | None
    gtin: str | None
    units: UnitsValue
    tax_class: str
    product_kind: ProductKind
    list_price: Price | None
    dimensions: Dimensions | None
    availability: Stock | None
    custom: dict[str, Any]

    @classmethod
    def of(cls, row: Any, **more: Any) -> Self:
        """The answer for a product, with stock only if it is given."""
        return super().of(row, **{"availability": None, **more})


class ProductFilters(SharedFilters):
    q: str | None = Field(default=None, max_length=200, description="Beginnings of words in name, SKU, GTIN or group.")
    category: str | None = None
    sku: str | None = Field(default=None, description="Case-insensitive.")
    gtin: str | None = None
    product_kind: ProductKind | None = None
    tax_class: str | None = None
    available: bool | None = Field(default=None, description="true: the available quantity is greater than zero.")


class ProductGroup(BaseModel):
    """A product group (`category`) and its number of products; null is the products without a group."""

    category: str | None
    products: int


class ProductGroups(BaseModel):
    items: list[ProductGroup]


class PriceQuestion(BaseModel):
    """A request for a customer's price on a date. Omitted fields get their defaults."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID | None = None
    quantity: Quantity = Decimal(1)
    currency: CurrencyCode | None = Field(
        default=None, description="Default: the customer's currency, else that of the list price."
    )
    on: date | None = Field(default=None, description="The date of the purchase; default: today.")


class PriceOut(InCurrency):
    """The price of one unit, with its list and the time of the data."""

    product_id: UUID
    quantity: Quantity
    unit: str
    amount: UnitPrice
    currency: CurrencyCode
    on: date
    price_list_id: UUID | None = Field(description="null: it is the product's list price.")
    price_list: str | None
    as_of: datetime = Field(description="When the underlying data of the ERP last changed here.")


class Basket(BaseModel):
    """Several products for one customer: a quote, an order, a basket."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"currency": "EUR", "items": [{"product_id": "01936f2b-3e00-7a10-8b00-000000000005", "quantity": "10"}]}
            ]
        },
    )

    customer_id: UUID | None = None
    currency: CurrencyCode | None = None
    on: date | None = None
    items: Annotated[list["BasketItem"], Field(min_length=1, max_length=200)]


class BasketItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    product_id: UUID
    quantity: Quantity = Decimal(1)


class PriceResult(BaseModel):
    """The price of one item, or the problem why there is none."""

    price: PriceOut | None = None
    problem: ProblemFacts | None = None


class PriceResults(BaseModel):
    """In the order of the items."""

    items: list[PriceResult]


class PriceListOut(Shown):
    """A price list as the ERP declares it: for one customer, one customer group, or everyone."""

    name: str
    customer_id: UUID | None
    customer_group: str | None
    currency: str
    valid_from: date | None
    valid_to: date | None


class ListEntryOut(InCurrency, Shown):
    """The price of one unit of a product in a list, from a quantity on."""

    price_list_id: UUID
    product_id: UUID
    min_quantity: Quantity
    amount: UnitPrice
    currency: str
    valid_from: date | None
    valid_to: date | None


class PriceListFilters(BaseModel):
    customer_id: UUID | None = None
    customer_group: str | None = None
    currency: str | None = None


class PriceFilters(BaseModel):
    product_id: UUID | None = None
    price_list_id: UUID | None = None


class TaxRateFilters(BaseModel):
    country: CountryCode | None = None
    tax_class: str | None = None


class TaxRateOut(Shown):
    """The tax rate of a class of products delivered in a country; `rate` is a fraction."""

    country: str
    tax_class: str
    rate: Fraction
    valid_from: date | None
    valid_to: date | None


class TaxAnswer(BaseModel):
    """The rate that applies, a fraction."""

    country: CountryCode | None
    tax_class: str
    on: date
    rate: Fraction
