"""What a customer pays, answered from what the ERP last declared."""

from typing import Any

import httpx
import pytest
from chassis.testing import brought, delivered

from .factories import delivery, linked_product, numbered, price, price_list

pytestmark = pytest.mark.servers


async def customer(api: httpx.AsyncClient, **values: Any) -> str:
    answer = await api.post("/v1/customers", json={"name": "Alfreds", **values})
    return str(answer.json()["id"])


async def asked(api: httpx.AsyncClient, product: str, **parameters: Any) -> dict[str, Any]:
    answer = await api.get(f"/v1/products/{product}/price", params=parameters)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_the_narrowest_list_comes_first(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    alfreds, vip = await customer(api, segment="vip"), await customer(api, name="Other", segment="vip")
    own, group, everyone = (
        await price_list(api, 1, alfreds),
        await price_list(api, 2, customer_group="vip"),
        await price_list(api, 3),
    )
    for number, (listed, amount) in enumerate(((own, "15"), (group, "16"), (everyone, "17")), 10):
        await price(api, number, listed, product, amount)
    found = [
        await asked(api, product, customer_id=alfreds),
        await asked(api, product, customer_id=vip),
        await asked(api, product),
    ]
    assert [(each["amount"], each["price_list"]) for each in found] == [
        ("15.00", "List 1"),
        ("16.00", "List 2"),
        ("17.00", "List 3"),
    ]


async def test_quantity_and_day_choose_within_a_list(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    listed = await price_list(api, 1)
    await price(api, 10, listed, product, "17")
    await price(api, 11, listed, product, "14", min_quantity="10")
    await price(api, 12, listed, product, "11", min_quantity="10", valid_from="2030-01-01")
    assert (await asked(api, product, quantity="9.5", on="2026-01-01"))["amount"] == "17.00"
    assert (await asked(api, product, quantity="10", on="2026-01-01"))["amount"] == "14.00"
    assert (await asked(api, product, quantity="10", on="2030-01-01"))["amount"] == "11.00"


async def test_without_a_list_the_list_price_is_asked_and_dated(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    found = await asked(api, product)
    assert (found["amount"], found["currency"], found["price_list_id"]) == ("18.00", "EUR", None)
    assert found["as_of"] == (await api.get(f"/v1/products/{product}")).json()["updated_at"]


async def test_a_price_is_told_in_the_currency_of_the_customer(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    dollars = await price_list(api, 1, currency="USD")
    await price(api, 10, dollars, product, "21")
    american = await customer(api, currency="USD")
    assert (await asked(api, product, customer_id=american))["currency"] == "USD"
    assert (await asked(api, product, customer_id=american, currency="EUR"))["amount"] == "18.00"


async def test_a_product_without_a_price_is_a_conflict_with_the_facts(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    refused = await api.get(f"/v1/products/{product}/price", params={"currency": "CHF", "on": "2026-01-01"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-price-known")
    assert (refused.json()["currency"], refused.json()["on"]) == ("CHF", "2026-01-01")


async def test_a_product_that_is_priced_nowhere_says_that_it_knows_no_currency(api: httpx.AsyncClient) -> None:
    product = await linked_product(api, list_price=None)
    refused = await api.get(f"/v1/products/{product}/price")
    assert (refused.status_code, refused.json()["currency"]) == (409, "none")


async def test_a_price_that_the_erp_withdraws_holds_no_longer(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    await price(api, 10, await price_list(api, 1), product, "17")
    await delivered(api, "price", delivery(numbered(10), rev=2, life="dead"))
    assert (await asked(api, product))["amount"] == "18.00"


async def test_a_basket_is_priced_at_once_and_each_item_for_itself(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    await price(api, 10, await price_list(api, 1), product, "14", min_quantity="10")
    await price(api, 11, await price_list(api, 2, await customer(api)), product, "1")
    items = [
        {"product_id": product},
        {"product_id": product, "quantity": "12"},
        {"product_id": str(numbered(99))},
    ]
    answer = await api.post("/v1/prices:batch", json={"on": "2026-01-01", "items": items})
    first, second, lost = answer.json()["items"]
    assert (first["price"]["amount"], second["price"]["amount"]) == ("18.00", "14.00")
    assert (lost["price"], lost["problem"]["status"]) == (None, 404)


async def test_lists_and_their_prices_are_shown(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    listed = await price_list(api, 1, customer_group="vip")
    await price(api, 10, listed, product, "17")
    (shown,) = (await api.get("/v1/price-lists", params={"customer_group": "vip"})).json()["items"]
    assert (shown["id"], shown["currency"]) == (listed, "EUR")
    (entry,) = (await api.get("/v1/prices", params={"product_id": product})).json()["items"]
    assert (entry["amount"], entry["currency"], entry["price_list_id"]) == ("17.00", "EUR", listed)
    assert (await api.post("/v1/price-lists", json={})).status_code == 405


async def test_tax_is_charged_by_class_and_country(api: httpx.AsyncClient) -> None:
    for number, declared in enumerate(
        ({"tax_class": "standard", "rate": "0.19"}, {"tax_class": "reduced", "rate": "0.07"})
    ):
        await brought(api, "tax_rate", delivery(numbered(number), tax_rate={"country": "DE", **declared}))

    async def rate(tax_class: str, country: str) -> httpx.Response:
        parameters = {"tax_class": tax_class, "country": country, "on": "2026-01-01"}
        return await api.get("/v1/tax-rates/holding", params=parameters)

    assert (await rate("reduced", "DE")).json()["rate"] == "0.07"
    assert (await rate("standard", "FR")).json()["rate"] == "0"
    assert (await rate("luxury", "DE")).json()["type"] == "/problems/no-tax-rate-known"
    assert [item["tax_class"] for item in (await api.get("/v1/tax-rates")).json()["items"]] == ["reduced", "standard"]
