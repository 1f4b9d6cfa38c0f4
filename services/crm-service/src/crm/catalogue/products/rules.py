"""What a cached price list answers. No database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis import clock
from chassis.errors import Conflict
from contracts.pricing import Answer, NoPrice, Offer, Question, price_for
from contracts.product import Price


class NoPriceKnown(Conflict):
    code = "no-price-known"
    title = "Nothing says what the product costs"
    detail = "There is no price of {product} that holds on {on} in the currency asked for ({currency})."
    hint = "Ask for another currency or day, or let the ERP declare a price; it is here a moment later."


class NoTaxRateKnown(Conflict):
    code = "no-tax-rate-known"
    title = "Nothing says how this is taxed"
    detail = "{country} has tax rates, and none of them is for the class {tax_class} on {on}."
    hint = "Let the ERP declare the rate; it is here a moment later. Or change the product's tax class there."


@dataclass(frozen=True, slots=True)
class CachedOffer:
    """An entry of a price list as it was last delivered; `as_of` is when it, or its list, last changed here."""

    offer: Offer
    price_list: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class CachedAnswer(Answer):
    """An answer that says which list it comes from (None: the product's list price) and how old that is."""

    price_list: str | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class PriceTag:
    """All that is known of what one product costs. `as_of` dates the list price."""

    product_id: UUID
    name: str
    list_price: Price | None
    offers: Sequence[CachedOffer]
    as_of: datetime

    @property
    def currency(self) -> str | None:
        """In which currency it is priced when nobody asks for one: that of its list price, or of all its offers."""
        if self.list_price:
            return self.list_price.currency
        offered = {cached.offer.terms.currency for cached in self.offers}
        return offered.pop() if len(offered) == 1 else None

    def answer(self, question: Question) -> CachedAnswer:
        """The price that holds, by the rule that the ERP uses too. Raise `NoPriceKnown`."""
        try:
            found = price_for(question, [cached.offer for cached in self.offers], self.list_price)
        except NoPrice:
            raise NoPriceKnown(
                product=self.name, product_id=self.product_id, currency=question.currency or "none", on=question.on
            ) from None
        used = [cached for cached in self.offers if _is_source(cached.offer, found)]
        return CachedAnswer(
            found.amount,
            found.currency,
            found.price_list_id,
            used[0].price_list if used else None,
            max((cached.as_of for cached in used), default=self.as_of),
        )


def _is_source(offer: Offer, answer: Answer) -> bool:
    return offer.price_list_id == answer.price_list_id and offer.price.amount == answer.amount


def on_or_today(day: date | None) -> date:
    """Documents may be dated in the past; without a date they are of today."""
    return day or clock.today()
