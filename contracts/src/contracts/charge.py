"""Charges: what a document asks for beside its lines, such as freight."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.product import Fraction, TaxClass, UnitPrice
from contracts.text import NameText
from contracts.values import Value


class Charge(Value):
    """One charge. Without a tax rate it is taxed like the lines, in proportion to their amounts at each rate."""

    text: NameText
    amount: UnitPrice
    tax_class: TaxClass | None = None
    tax_rate: Fraction | None = None


class ListedCharge(Charge):
    """The same in a list; its id is the same everywhere."""

    id: UUID


class BilledCharge(Charge):
    """A charge of an order on an invoice or a credit note; `order_charge` is the id that it has everywhere."""

    order_charge: UUID | None = None


MOST_CHARGES = 20
Charges = Annotated[tuple[ListedCharge, ...], Field(max_length=MOST_CHARGES)]
BilledCharges = Annotated[tuple[BilledCharge, ...], Field(max_length=1_000)]
