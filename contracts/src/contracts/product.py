"""Values of the groups of a product and of price lists, prices, tax rates, availability."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from localisation import Phrase
from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from stdnum import ean

from contracts.decimals import InCurrency
from contracts.text import ShortText, blank_to_none, one_line, refuse
from contracts.values import CountryCode, CurrencyCode, Money, Number, NumberSum, Value


class ProductKind(StrEnum):
    """Goods are stocked; a service is not; a kit is composed of other goods when it is sold."""

    GOODS = "goods"
    SERVICE = "service"
    KIT = "kit"


def _gtin(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "")
    if not ean.is_valid(digits):
        raise refuse(
            "gtin",
            Phrase("{text!r} is not a GTIN: write 8, 12, 13 or 14 digits; the last one is a check digit", text=text),
        )
    return digits


Gtin = Annotated[str, Field(min_length=8, max_length=20), AfterValidator(_gtin), BeforeValidator(one_line)]
"""A Global Trade Item Number (GTIN-8, -12, -13, -14; EAN, UPC), digits only."""

Sku = ShortText
"""The company's number of a product, 1 to 60 characters; comparison ignores letter case."""

TaxClass = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$"), BeforeValidator(one_line)]
"""The tax class of a product: `standard`, `reduced`, `exempt`; rates are declared per class and country."""


def _positive(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise refuse("quantity", "the quantity must be greater than zero")
    return amount


def not_negative(amount: Decimal) -> Decimal:
    if amount < 0:
        raise refuse("money", "the amount must not be negative")
    return amount


def _fraction(amount: Decimal) -> Decimal:
    if not 0 <= amount <= 1:
        raise refuse("fraction", 'a fraction lies between "0" and "1": five percent is "0.05"')
    return amount


Quantity = Annotated[Number, AfterValidator(_positive)]
"""A quantity greater than zero, up to four decimals; a string in JSON."""

Count = Annotated[Number, AfterValidator(not_negative)]
"""A quantity of zero or more."""

CountedSum = Annotated[NumberSum, AfterValidator(not_negative)]
"""A sum of quantities over many records."""

UnitPrice = Annotated[Money, AfterValidator(not_negative)]
"""The price of one unit, up to four decimals."""

Fraction = Annotated[Number, AfterValidator(_fraction)]
"""A share between 0 and 1, up to four decimals: a discount, a rate of tax."""


class Price(InCurrency, Value):
    """An amount and its currency."""

    amount: UnitPrice
    currency: CurrencyCode


class Conversion(Value):
    """How many of the product's own unit are in one of this unit: a case is 12 bottles."""

    unit: ShortText
    factor: Quantity


class Units(Value):
    """The unit in which a product is counted and priced, and its alternative units."""

    unit: ShortText
    conversions: Annotated[tuple[Conversion, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _each_unit_once(self) -> Self:
        names = [self.unit, *(each.unit for each in self.conversions)]
        if len(set(names)) < len(names):
            raise refuse("unit", "each unit may be listed once, and not as a conversion of itself", "conversions")
        return self


class Dimensions(Value):
    """Measures of one unit, in kilograms and metres."""

    weight_kg: Count | None = None
    length_m: Count | None = None
    width_m: Count | None = None
    height_m: Count | None = None


class ValidPeriod(Value):
    """The first and the last day, both included; None is open."""

    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise refuse("valid_period", "valid_from is after valid_to", "valid_to")
        return self

    def covers(self, day: date) -> bool:
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class PriceListTerms(ValidPeriod):
    """The scope and period of a list: one customer (a group of its own), one customer group, or everyone."""

    currency: CurrencyCode
    customer_group: Annotated[ShortText | None, BeforeValidator(blank_to_none)] = None


class ListedPrice(ValidPeriod):
    """The price of one unit from this quantity on."""

    min_quantity: Quantity = Decimal(1)
    amount: UnitPrice


class TaxRate(ValidPeriod):
    """The tax rate of a class of products in a country of delivery."""

    country: CountryCode
    tax_class: TaxClass
    rate: Fraction


class Availability(Value):
    """Stock of one product in its own unit, over all warehouses. `available` is on hand - reserved."""

    on_hand: CountedSum
    reserved: CountedSum
    available: CountedSum
