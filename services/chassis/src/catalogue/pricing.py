"""Prices and tax rates that apply, and the problems when there are none. `contracts.pricing` contains the rules."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from chassis.errors import Conflict
from contracts.pricing import Answer, NoPrice, NoTaxRate, Offer, Question, price_for, tax_rate_for
from contracts.product import Price, TaxRate


class NoPriceKnown(Conflict):
    code = "no-price-known"
    title = "The product has no price"
    detail = "There is no price of {product} in {currency} for {quantity} on {on}, and no list price in {currency}."
    hint = "Send the price with the line, or declare one in the ERP: in a price list, or as the product's list price."


class NoTaxRateKnown(Conflict):
    code = "no-tax-rate-known"
    title = "There is no tax rate"
    detail = "Tax is charged in {country}, but there is no rate for the class {tax_class} on {on}."
    hint = "Send the rate with the line, or declare it in the ERP: POST /v1/tax-rates."


class Sold(Protocol):
    """A product as far as its price and tax go; `list_price` is in its published JSON form."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def list_price(self) -> dict[str, Any] | None: ...


def answer_for(product: Sold, question: Question, offers: Iterable[Offer]) -> Answer:
    """The price of one unit by these offers and the list price. Raises `NoPriceKnown`."""
    try:
        return price_for(question, offers, Price.model_validate(product.list_price) if product.list_price else None)
    except NoPrice:
        raise NoPriceKnown(
            product_id=product.id,
            product=product.name,
            currency=question.currency or "none",
            quantity=question.quantity,
            on=question.on,
        ) from None


def rate_for(rates: Iterable[TaxRate], tax_class: str, country: str | None, on: date) -> Decimal:
    """The rate of a class in the country of delivery, a fraction. Raises `NoTaxRateKnown`."""
    try:
        return tax_rate_for(rates, tax_class, country, on)
    except NoTaxRate:
        raise NoTaxRateKnown(tax_class=tax_class, country=country, on=on) from None
