"""Price resolution over copied price lists. No database."""

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
    title = "The product has no price"
    detail = "There is no price of {product} on {on} in the requested currency ({currency})."
    hint = "Request another currency or date, or declare a price in the ERP; it is delivered here within moments."


class NoTaxRateKnown(Conflict):
    code = "no-tax-rate-known"
    title = "There is no tax rate"
    detail = "{country} has tax rates, but none for the class {tax_class} on {on}."
    hint = "Declare the rate in the ERP (it is delivered here within moments), or change the product's tax class there."


@dataclass(frozen=True, slots=True)
class CachedOffer:
    """An entry of a price list as last delivered; `as_of` is the time of the last change of the entry or its list."""

    offer: Offer
    price_list: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class CachedAnswer(Answer):
    """A price with its list (None: the product's list price) and the time of that data."""

    price_list: str | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class PriceTag:
    """The price data of one product. `as_of` is the time of the list price."""

    product_id: UUID
    name: str
    list_price: Price | None
    offers: Sequence[CachedOffer]
    as_of: datetime

    @property
    def currency(self) -> str | None:
        """The default currency of its price: that of its list price, or the common currency of its offers."""
        if self.list_price:
            return self.list_price.currency
        offered = {cached.offer.terms.currency for cached in self.offers}
        return offered.pop() if len(offered) == 1 else None

    def answer(self, question: Question) -> CachedAnswer:
        """The price that applies, by the rule shared with the ERP. Raises `NoPriceKnown`."""
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
    """The given date, else today; documents may have past dates."""
    return day or clock.today()
