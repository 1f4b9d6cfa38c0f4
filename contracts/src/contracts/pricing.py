"""Which price and which tax rate apply: the same result in the ERP, which declares them, and the CRM, which has copies.

Price: a list for the customer precedes one for its customer group, which precedes one for everyone; any list precedes
the product's list price. Within a list the entry with the highest quantity step that is reached applies, then the one
that became valid last, then the lowest amount.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from contracts.product import ListedPrice, Price, PriceListTerms, TaxRate


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry of a price list, with the terms of its list; `customer_id` when the list is for one customer."""

    price_list_id: UUID
    terms: PriceListTerms
    customer_id: UUID | None
    price: ListedPrice


@dataclass(frozen=True, slots=True)
class Question:
    """A request for the price of a product for a customer on a date."""

    customer_id: UUID | None
    customer_group: str | None
    quantity: Decimal
    currency: str
    on: date


@dataclass(frozen=True, slots=True)
class Answer:
    """The price of one unit; `price_list_id` is None when it is the product's list price."""

    amount: Decimal
    currency: str
    price_list_id: UUID | None


class NoPrice(LookupError):
    """There is no price of the product in this currency on this date."""


class NoTaxRate(LookupError):
    """Tax is charged in the country, and there is no rate for this class."""


def price_for(question: Question, offers: Iterable[Offer], list_price: Price | None) -> Answer:
    """The price that applies. Raises `NoPrice`."""
    holding = [offer for offer in offers if _holds(offer, question)]
    if holding:
        best = min(holding, key=lambda offer: _rank(offer, question))
        return Answer(best.price.amount, question.currency, best.price_list_id)
    if list_price is not None and list_price.currency == question.currency:
        return Answer(list_price.amount, question.currency, None)
    raise NoPrice


def tax_rate_for(rates: Iterable[TaxRate], tax_class: str, country: str | None, on: date) -> Decimal:
    """The rate of a class in the country of delivery. Raises `NoTaxRate`.

    A company charges tax where it is registered: in the countries that have rates. A delivery to another country is an
    untaxed export.
    """
    here = [rate for rate in rates if rate.country == country and rate.covers(on)]
    if not here or tax_class == "exempt":
        return Decimal(0)
    found = [rate for rate in here if rate.tax_class == tax_class]
    if not found:
        raise NoTaxRate
    return max(found, key=lambda rate: (rate.valid_from or date.min, rate.rate)).rate


def _holds(offer: Offer, question: Question) -> bool:
    return (
        offer.terms.currency == question.currency
        and offer.terms.covers(question.on)
        and offer.price.covers(question.on)
        and offer.price.min_quantity <= question.quantity
        and offer.customer_id in (None, question.customer_id)
        and offer.terms.customer_group in (None, question.customer_group)
    )


def _rank(offer: Offer, question: Question) -> tuple[int, Decimal, int, Decimal, UUID]:
    breadth = 0 if offer.customer_id else 1 if offer.terms.customer_group else 2
    began = max(offer.terms.valid_from or date.min, offer.price.valid_from or date.min)
    return breadth, -offer.price.min_quantity, -began.toordinal(), offer.price.amount, offer.price_list_id
