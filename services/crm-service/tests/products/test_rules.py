"""What the catalogue knows without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from catalogue.pricing import NoPriceKnown
from contracts.pricing import Offer, Question
from contracts.product import ListedPrice, Price, PriceListTerms
from crm.catalogue.products.models import Product
from crm.catalogue.products.rules import CachedOffer, PriceTag
from crm.wiring import IMPORTS

LIST, PRODUCT_ID, CUSTOMER = (UUID(int=number) for number in (1, 2, 3))
OLD, NEW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
TEN = Price(amount=Decimal(10), currency="EUR")


def offer(amount: int, as_of: datetime = NEW, **terms: str) -> CachedOffer:
    valid = PriceListTerms.model_validate({"currency": "EUR", **terms})
    return CachedOffer(Offer(LIST, valid, None, ListedPrice(amount=Decimal(amount))), "Retail", as_of)


def tag(*offers: CachedOffer, list_price: Price | None = TEN) -> PriceTag:
    product = Product.blank()
    product.id, product.updated_at = PRODUCT_ID, OLD
    product.list_price = list_price.model_dump(mode="json") if list_price else None
    return PriceTag(product, offers)


def question(currency: str = "EUR", group: str | None = None) -> Question:
    return Question(CUSTOMER, group, Decimal(1), currency, date(2026, 5, 1))


def test_an_answer_says_which_list_it_comes_from_and_how_old_that_is() -> None:
    found = tag(offer(8)).answer(question())
    assert (found.amount, found.price_list_id, found.price_list, found.as_of) == (Decimal(8), LIST, "Retail", NEW)


def test_without_an_offer_that_holds_the_list_price_is_the_answer() -> None:
    found = tag(offer(8, customer_group="vip")).answer(question(group="retail"))
    assert (found.amount, found.price_list_id, found.price_list, found.as_of) == (Decimal(10), None, None, OLD)


def test_a_product_without_a_price_says_so_with_the_facts() -> None:
    with pytest.raises(NoPriceKnown) as refused:
        tag().answer(question("USD"))
    assert refused.value.document()["currency"] == "USD"


@pytest.mark.parametrize(
    ("priced", "currency"),
    [(tag(), "EUR"), (tag(offer(8), list_price=None), "EUR"), (tag(list_price=None), None)],
)
def test_a_price_is_told_in_the_currency_that_the_product_is_priced_in(priced: PriceTag, currency: str | None) -> None:
    assert priced.currency == currency


def test_what_is_emptied_of_a_product_is_as_usual_again() -> None:
    row = Product.blank()
    row.change({"name": "Chai", "units": {"unit": "box", "conversions": []}, "tax_class": "reduced"})
    row.change({"units": None, "tax_class": None, "product_kind": None})
    assert (row.unit, row.tax_class, row.product_kind) == ("piece", "standard", "goods")


def test_a_row_of_a_file_becomes_a_document() -> None:
    document = IMPORTS["products"].document({"name": "Chai", "units.unit": "box", "sku": "NW-1", "category": ""})
    assert document == {"name": "Chai", "units": {"unit": "box"}, "sku": "NW-1", "category": None}
