"""Shapes that requests and responses of documents share."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from contracts.charge import MOST_CHARGES, ListedCharge
from contracts.money import TaxLine
from contracts.product import Fraction, Quantity, TaxClass, UnitPrice
from contracts.text import NameText, Optional, OptionalNameText
from contracts.values import Amount
from pydantic import BaseModel, ConfigDict, Field


class LineBody(BaseModel):
    """A line as a client sends it; with `id` an existing one.

    The default `unit_price` is that of the price lists, the default `tax_class` the product's, the default `tax_rate`
    the declared one of class and country.
    """

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, description="The id of an existing line.")
    product_id: UUID = Field(description="The product's id in this service.")
    description: OptionalNameText = None
    quantity: Quantity
    unit_price: Optional[UnitPrice] = Field(default=None, description="Default: the price of the price lists.")
    discount: Fraction = Field(default=Decimal(0), description='A fraction: five percent is "0.05".')
    tax_class: Optional[TaxClass] = Field(default=None, description="Default: the product's.")
    tax_rate: Optional[Fraction] = Field(default=None, description="Default: the declared rate of class and country.")


class ChargeBody(BaseModel):
    """A charge as a client sends it; with `id` an existing one.

    `tax_rate` is the rate, `tax_class` alone selects the declared one. Without both the charge is taxed like the lines,
    in proportion to their amounts at each rate.
    """

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    text: NameText = Field(examples=["Freight"])
    amount: UnitPrice = Field(description="Before tax, with no more decimals than the currency has.")
    tax_class: TaxClass | None = None
    tax_rate: Fraction | None = None


ChargeBodies = Annotated[list[ChargeBody], Field(max_length=MOST_CHARGES)]


class ChargeOut(BaseModel):
    """A charge. Without `tax_rate` it is taxed as the lines are."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    text: str
    amount: Amount
    tax_class: str | None
    tax_rate: Fraction | None

    @classmethod
    def all_of(cls, charges: Iterable[ListedCharge]) -> list[Self]:
        return [cls.model_validate(each) for each in charges]


class TaxOut(BaseModel):
    """The tax of one rate, on the sum of its lines and charges."""

    model_config = ConfigDict(from_attributes=True)

    rate: Fraction
    net: Amount
    tax: Amount

    @classmethod
    def all_of(cls, taxes: Iterable[TaxLine]) -> list[Self]:
        return [cls.model_validate(each) for each in taxes]
