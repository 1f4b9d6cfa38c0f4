"""States of a quote, its totals, and discounts. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from chassis.described import ShownAs
from contracts.customer import Address
from contracts.discount import discount_given
from contracts.product import Fraction, Quantity, TaxClass, UnitPrice
from contracts.text import NameText, OptionalNameText
from contracts.values import Value
from lines.pricing import Source
from numbering import Series
from party.schemas import AddressOut
from pydantic import ConfigDict, Field

NUMBERS = Series("quote", "Q-")


class QuoteState(StrEnum):
    """`expired` is a sent quote after its last day; it is derived from the date and never stored."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


ALLOWED: Mapping[QuoteState, tuple[str, ...]] = {
    QuoteState.DRAFT: ("change", "send"),
    QuoteState.SENT: ("accept", "decline", "revise"),
    QuoteState.EXPIRED: ("revise", "decline"),
    QuoteState.DECLINED: ("revise",),
    QuoteState.ACCEPTED: (),
}
"""State -> the allowed actions."""


def state_on(state: QuoteState, valid_until: date | None, today: date) -> QuoteState:
    """The state on a date."""
    over = valid_until is not None and valid_until < today
    return QuoteState.EXPIRED if state is QuoteState.SENT and over else state


class Line(Value):
    """A line of the quote. `catalogue_price` is the price of the price list when the line was written."""

    id: UUID
    product_id: UUID
    description: NameText
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction = Decimal(0)
    tax_class: TaxClass
    tax_rate: Fraction
    catalogue_price: UnitPrice | None = None

    @property
    def price_from(self) -> str:
        """The lines of a quote do not store the source of their price."""
        return Source.ENTERED.value

    @property
    def given(self) -> Decimal:
        """The discount as a fraction of the catalogue price, given as a discount or as a lower price."""
        return discount_given(self.unit_price, self.discount, self.catalogue_price)


class Letterhead(Value):
    """The sender of quotes: the name at the top of the page, the address, and lines for its foot (a tax id, a
    telephone)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Teehaus GmbH",
                    "address": {"lines": ["Hafenstr. 1"], "postal_code": "28195", "city": "Bremen", "country": "DE"},
                    "details": ["VAT DE136695976", "+49 421 555 0100"],
                }
            ]
        }
    )

    name: OptionalNameText = None
    address: Address | None = None
    details: Annotated[tuple[NameText, ...], Field(max_length=6)] = ()


class Paper(Value):
    """The additional data of a quote's PDF: recipient and sender, language, date."""

    name: str
    address: Annotated[dict[str, Any], ShownAs(AddressOut)] | None
    language: str
    letterhead: Letterhead
    day: date


def parsed_lines(stored: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Lines as they were stored."""
    return [Line.model_validate(each) for each in stored]
