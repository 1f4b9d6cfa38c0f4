"""Price resolution over copied price lists. No database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from catalogue.pricing import Sold, answer_for
from chassis import clock
from contracts.pricing import Answer, Offer, Question


class Listed(Sold, Protocol):
    """A product with its list price, and the time of that."""

    @property
    def updated_at(self) -> datetime: ...


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
    """The price data of one product."""

    product: Listed
    offers: Sequence[CachedOffer]

    @property
    def currency(self) -> str | None:
        """The default currency of its price: that of its list price, or the common currency of its offers."""
        if self.product.list_price:
            return str(self.product.list_price["currency"])
        offered = {cached.offer.terms.currency for cached in self.offers}
        return offered.pop() if len(offered) == 1 else None

    def answer(self, question: Question) -> CachedAnswer:
        """The price that applies, by the rule shared with the ERP. Raises `NoPriceKnown`."""
        found = answer_for(self.product, question, [cached.offer for cached in self.offers])
        used = [cached for cached in self.offers if _is_source(cached.offer, found)]
        return CachedAnswer(
            found.amount,
            found.currency,
            found.price_list_id,
            used[0].price_list if used else None,
            max((cached.as_of for cached in used), default=self.product.updated_at),
        )


def _is_source(offer: Offer, answer: Answer) -> bool:
    return offer.price_list_id == answer.price_list_id and offer.price.amount == answer.amount


def on_or_today(day: date | None) -> date:
    """The given date, else today; documents may have past dates."""
    return day or clock.today()
