"""What the catalogue knows without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from catalogue.pricing import NoPriceKnown
from chassis.errors import Malformed
from chassis.replication import Kind
from contracts.pricing import Offer, Question
from contracts.product import ListedPrice, Price, PriceListTerms
from crm.catalogue.products.events import KINDS, PRICE_LIST, PRODUCT
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


VALUES: dict[str, dict[str, Any]] = {
    "product": {
        "name": "Chai",
        "description": "10 boxes x 30 bags",
        "category": "Beverages",
        "sku": "NW-1",
        "gtin": "4006381333931",
        "product_kind": "goods",
        "units": {"unit": "box", "conversions": [{"unit": "case", "factor": "12"}]},
        "tax_class": "reduced",
        "list_price": {"amount": "18.50", "currency": "EUR"},
        "dimensions": {"weight_kg": "1.25", "length_m": None, "width_m": None, "height_m": None},
    },
    "availability": {
        "product": str(PRODUCT_ID),
        "availability": {"on_hand": "10.5", "reserved": "2", "available": "8.5"},
    },
    "price_list": {
        "name": "Retail",
        "customer": str(CUSTOMER),
        "terms": {"valid_from": "2026-01-01", "valid_to": None, "currency": "EUR", "customer_group": None},
    },
    "price": {
        "price_list": str(LIST),
        "product": str(PRODUCT_ID),
        "price": {"valid_from": None, "valid_to": "2026-12-31", "min_quantity": "10", "amount": "17.25"},
    },
    "tax_rate": {
        "tax_rate": {
            "valid_from": None, "valid_to": None, "country": "DE", "tax_class": "standard", "rate": "0.19",
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_delivered_is_read_again_as_it_came(kind: Kind) -> None:
    values = VALUES[kind.name]
    row = kind.create(values)
    for key, value in values.items():
        kind.by_name[key].write(row, key, value)
    assert kind.read(row) == {**values, "life": "live"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_record_that_lacks_what_makes_it_one_is_not_created(kind: Kind) -> None:
    for group in kind.required:
        with pytest.raises(Malformed):
            kind.create({**VALUES[kind.name], group: None})


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        (PRODUCT, "gtin", "4006381333930"),
        (PRODUCT, "list_price", {"amount": "-1", "currency": "EUR"}),
        (PRICE_LIST, "terms", {"currency": "EUR", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}),
        (PRICE_LIST, "customer", "C-1"),
    ],
)
def test_a_delivered_value_is_checked_like_one_that_is_typed(kind: Kind, key: str, value: object) -> None:
    with pytest.raises(Malformed):
        kind.by_name[key].write(kind.create(VALUES[kind.name]), key, value)


def test_a_row_of_a_file_becomes_a_document() -> None:
    document = IMPORTS["products"].document({"name": "Chai", "units.unit": "box", "sku": "NW-1", "category": ""})
    assert document == {"name": "Chai", "units": {"unit": "box"}, "sku": "NW-1", "category": None}
