"""What a product knows by itself, without a database."""

from decimal import Decimal
from typing import Any

import pytest
from chassis.errors import Malformed
from erp.catalogue.products.events import PRICE, PRICE_LIST, PRODUCT, TAX_RATE
from erp.catalogue.products.models import Price, PriceList, Product, TaxRateRow
from erp.catalogue.products.rules import UnknownUnit, in_own_unit
from erp.catalogue.products.schemas import PriceListBody, ProductBody
from pydantic import ValidationError

from .factories import CHAI, product

ID = "01900000-0000-7000-8000-000000000001"
DECLARED: list[Any] = [
    (PRICE_LIST, PriceList, {"customer_id": ID, "name": "Retail", "currency": "EUR", "valid_from": "2026-01-01"}),
    (PRICE_LIST, PriceList, {"name": "Retail", "currency": "EUR", "customer_group": "retail"}),
    (PRICE, Price, {"price_list_id": ID, "product_id": ID, "min_quantity": "10", "amount": "1.25"}),
    (TAX_RATE, TaxRateRow, {"country": "DE", "tax_class": "standard", "rate": "0.19", "valid_from": "2007-01-01"}),
]


def test_quantities_are_counted_in_the_products_own_unit() -> None:
    units = CHAI["units"]
    assert in_own_unit(units, Decimal(2), "case") == 24
    assert in_own_unit(units, Decimal(2), "box") == in_own_unit(units, Decimal(2), None) == 2
    with pytest.raises(UnknownUnit) as refused:
        in_own_unit(units, Decimal(2), "pallet")
    assert "own unit is box; its other units are: case" in refused.value.document()["detail"]


def test_every_group_of_a_product_that_is_read_can_be_written() -> None:
    source = product(**ProductBody(**CHAI).model_dump(mode="json"))
    target = Product.blank()
    for key, value in PRODUCT.read(source).items():
        group = PRODUCT.group(key)
        assert group is not None
        group.write(target, key, value)
    assert PRODUCT.read(target) == PRODUCT.read(source)
    assert (target.sku_key, target.gtin_key) == ("chai-10", "04006381333931")


@pytest.mark.parametrize(("kind", "model", "values"), DECLARED)
def test_every_group_of_what_is_declared_that_is_read_can_be_written(
    kind: Any, model: Any, values: dict[str, Any]
) -> None:
    source, target = model.blank(), model.blank()
    source.change(values)
    for key, value in kind.read(source).items():
        kind.group(key).write(target, key, value)
    assert kind.read(target) == kind.read(source)
    assert len(kind.read(source)) >= len(kind.required)


@pytest.mark.parametrize("group", ["units", "tax_class", "product_kind", "name"])
def test_what_a_product_cannot_be_without_is_not_emptied(group: str) -> None:
    row = product()
    found = PRODUCT.group(group)
    assert found is not None
    with pytest.raises(Malformed):
        found.write(row, group, None)
    assert row.units == {"unit": "piece", "conversions": []}


@pytest.mark.parametrize(
    "values",
    [
        {"gtin": "4006381333932"},
        {"components": [{"product_id": ID}]},
        {"product_kind": "kit", "components": [{"product_id": ID}, {"product_id": ID}]},
        {"units": {"unit": "box", "conversions": [{"unit": "box", "factor": "2"}]}},
        {"list_price": {"amount": "-1", "currency": "EUR"}},
        {"list_price": {"amount": "1"}},
    ],
)
def test_a_product_makes_sense(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ProductBody.model_validate({"name": "A", **values})


def test_a_price_list_is_for_one_customer_or_for_a_group() -> None:
    with pytest.raises(ValidationError, match="omit one of them"):
        PriceListBody.model_validate({"name": "A", "currency": "EUR", "customer_group": "b", "customer_id": ID})
