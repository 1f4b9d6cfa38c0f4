"""Shapes of requests and responses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.replication import Shown
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
from contracts.text import NameText, NotesText, OptionalShortText
from contracts.values import CountryCode, CurrencyCode
from party.schemas import Optional
from pydantic import BaseModel, ConfigDict, Field
from records import SharedFilters

KEPT = "Kept by the ERP: read-only here."
UNTIL_LINKED = "May be given here until the ERP knows the product; from then on the ERP keeps it."


class ProductBody(BaseModel):
    """A product as its users write it; only `name` is required."""

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
    category: OptionalShortText = Field(default=None, description="The group that the product is in.")
    sku: Optional[Sku] = Field(default=None, description=UNTIL_LINKED)
    gtin: Optional[Gtin] = Field(default=None, description=UNTIL_LINKED)
    units: UnitsValue = Field(default=UnitsValue(unit="piece"), description=UNTIL_LINKED)
    tax_class: TaxClass = Field(default="standard", description=UNTIL_LINKED)
    product_kind: ProductKind = Field(default=ProductKind.GOODS, description=UNTIL_LINKED)
    list_price: Price | None = Field(default=None, description=KEPT)
    dimensions: Dimensions | None = Field(default=None, description=KEPT)


class Stock(BaseModel):
    """How much there is of a product, in its unit; `available` can be promised."""

    on_hand: CountedSum
    reserved: CountedSum
    available: CountedSum
    as_of: datetime = Field(description="When the ERP last told it.")


class ProductOut(Shown):
    """A product, with what is in stock; `availability` is null when the ERP has told nothing of it."""

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

    @classmethod
    def of(cls, row: Any, **more: Any) -> Self:
        """The answer for a product, without its stock unless that is given."""
        return super().of(row, **{"availability": None, **more})


class ProductFilters(SharedFilters):
    q: str | None = Field(default=None, max_length=200, description="Beginnings of words in name, SKU, GTIN or group.")
    category: str | None = None
    sku: str | None = Field(default=None, description="Letter case does not count.")
    gtin: str | None = None
    product_kind: ProductKind | None = None
    tax_class: str | None = None
    available: bool | None = Field(default=None, description="true: some of it can be promised.")


class ProductGroup(BaseModel):
    """A group of products (their `category`), and how many are in it; null holds those of no group."""

    category: str | None
    products: int


class ProductGroups(BaseModel):
    items: list[ProductGroup]


class PriceQuestion(BaseModel):
    """What does this customer pay on this day? All that is left out is not known, or as usual."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID | None = None
    quantity: Quantity = Decimal(1)
    currency: CurrencyCode | None = Field(
        default=None, description="Without one: the customer's, else that of the list price."
    )
    on: date | None = Field(default=None, description="The day on which it is bought; today when left out.")


class PriceOut(InCurrency):
    """What one unit costs, says which list, as of when."""

    product_id: UUID
    quantity: Quantity
    unit: str
    amount: UnitPrice
    currency: CurrencyCode
    on: date
    price_list_id: UUID | None = Field(description="null: it is the product's list price.")
    price_list: str | None
    as_of: datetime = Field(description="When the ERP's word that this rests on last changed here.")


class Basket(BaseModel):
    """Several products for one customer: a quote, an order, a basket."""

    model_config = ConfigDict(extra="forbid")

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
    problem: dict[str, object] | None = None


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
    """What one unit of a product costs in a list, from a quantity on."""

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
    """What is charged on a class of products that are delivered in a country; `rate` is a fraction."""

    country: str
    tax_class: str
    rate: Fraction
    valid_from: date | None
    valid_to: date | None


class TaxAnswer(BaseModel):
    """The rate that holds, a fraction."""

    country: CountryCode | None
    tax_class: str
    on: date
    rate: Fraction
