"""Which price and which tax rate hold."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from contracts.pricing import NoPrice, NoTaxRate, Offer, Question, price_for, tax_rate_for
from contracts.product import ListedPrice, Price, PriceListTerms, TaxRate

CUSTOMER, OTHER, LIST = UUID(int=1), UUID(int=2), UUID(int=3)
DAY = date(2026, 11, 22)
QUESTION = Question(CUSTOMER, "wholesale", Decimal(10), "EUR", DAY)
LIST_PRICE = Price(amount=Decimal(20), currency="EUR")


def offer(amount: str, *, customer: UUID | None = None, group: str | None = None, **more: Any) -> Offer:
    terms = PriceListTerms(currency=more.pop("currency", "EUR"), customer_group=group)
    return Offer(LIST, terms, customer, ListedPrice(amount=Decimal(amount), **more))


def test_the_closer_a_list_is_to_the_customer_the_more_it_counts() -> None:
    offers = [offer("9"), offer("12", group="wholesale"), offer("15", customer=CUSTOMER), offer("1", customer=OTHER)]
    assert price_for(QUESTION, offers, LIST_PRICE).amount == 15
    assert price_for(QUESTION, offers[:2], LIST_PRICE).amount == 12
    assert price_for(QUESTION, offers[:1], LIST_PRICE).amount == 9
    assert price_for(replace(QUESTION, customer_group="retail"), offers[1:2], LIST_PRICE).amount == 20


def test_the_highest_step_that_the_quantity_reaches_holds() -> None:
    steps = [offer("9", min_quantity=Decimal(1)), offer("8", min_quantity=Decimal(10)), offer("7", min_quantity=11)]
    assert price_for(QUESTION, steps, None).amount == 8


def test_a_price_holds_on_its_days_and_in_its_currency_only() -> None:
    late, dollars = offer("5", valid_from=date(2026, 11, 23)), offer("5", currency="USD")
    assert price_for(QUESTION, [late, dollars, offer("6", valid_to=DAY)], None).amount == 6
    newer = offer("7", valid_from=date(2026, 11, 1))
    assert price_for(QUESTION, [offer("6"), newer], None).amount == 7


def test_the_answer_names_the_list_and_the_list_price_names_none() -> None:
    assert price_for(QUESTION, [offer("9")], None).price_list_id == LIST
    assert price_for(QUESTION, [], LIST_PRICE).price_list_id is None


def test_without_a_price_in_the_currency_there_is_none() -> None:
    with pytest.raises(NoPrice):
        price_for(QUESTION, [], Price(amount=Decimal(20), currency="USD"))


RATES = [
    TaxRate(country="DE", tax_class="standard", rate=Decimal("0.19")),
    TaxRate(country="DE", tax_class="standard", rate=Decimal("0.16"), valid_from=date(2020, 7, 1), valid_to=DAY),
    TaxRate(country="DE", tax_class="reduced", rate=Decimal("0.07")),
]


def test_the_rate_of_the_class_in_the_country_of_delivery_holds() -> None:
    assert tax_rate_for(RATES, "reduced", "DE", DAY) == Decimal("0.07")
    assert tax_rate_for(RATES, "standard", "DE", date(2027, 1, 1)) == Decimal("0.19")
    assert tax_rate_for(RATES, "standard", "DE", date(2020, 8, 1)) == Decimal("0.16")


def test_where_no_rate_is_declared_nothing_is_charged() -> None:
    assert tax_rate_for(RATES, "standard", "FR", DAY) == 0
    assert tax_rate_for(RATES, "exempt", "DE", DAY) == 0
    assert tax_rate_for([], "standard", None, DAY) == 0


def test_in_a_country_with_rates_a_class_without_one_is_an_error() -> None:
    with pytest.raises(NoTaxRate):
        tax_rate_for(RATES, "luxury", "DE", DAY)
