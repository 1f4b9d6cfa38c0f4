"""REST and port of products, price lists, prices and tax rates on a real database."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.testing import delivered

from .factories import CANONICAL, CHAI, delivery, entered, priced

pytestmark = pytest.mark.servers
PATH = "/v1/products"
EVERY = {"If-Match": "*"}


async def price(api: httpx.AsyncClient, product_id: str, **asked: Any) -> dict[str, Any]:
    answer = await api.get(f"{PATH}/{product_id}/price", params=asked)
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_product_is_entered_found_changed_and_archived(api: httpx.AsyncClient) -> None:
    shown = await entered(api, **CHAI)
    assert shown["units"]["conversions"] == [{"unit": "case", "factor": "12"}]
    assert shown["list_price"] == {"amount": "18.00", "currency": "EUR"}
    for parameters in ({"sku": "CHAI-10"}, {"gtin": "04006381333931"}, {"q": "bever chai"}, {"q": "chai-10"}):
        items = (await api.get(PATH, params=parameters)).json()["items"]
        assert [item["id"] for item in items] == [shown["id"]], parameters
    address = f"{PATH}/{shown['id']}"
    changed = await api.patch(address, json={"list_price": {"amount": "20"}}, headers={"If-Match": '"1"'})
    assert (changed.json()["list_price"]["amount"], changed.json()["version"]) == ("20.00", 2)
    assert (await api.delete(address, headers=EVERY)).json()["archived_at"] is not None
    assert (await api.get(PATH)).json()["items"] == []
    assert (await api.patch(address, json={"name": "B"}, headers=EVERY)).status_code == 409
    assert (await api.post(f"{address}/restore")).json()["archived_at"] is None


async def test_a_number_that_is_taken_is_refused_with_the_other_product(api: httpx.AsyncClient) -> None:
    shown = await entered(api, **CHAI)
    refused = await api.post(PATH, json={"name": "Other", "sku": "chai-10"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/product-number-taken")
    assert (refused.json()["id"], refused.json()["field"]) == (shown["id"], "sku")


async def test_the_most_special_price_holds(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    customer_id = (await entered(api, "/v1/customers", name="Alfreds", segment="retail"))["id"]
    everyone = await priced(api, product_id, "17")
    group = await priced(api, product_id, "16", customer_group="retail")
    own = await priced(api, product_id, "15.5", customer_id=customer_id, min_quantity="10")
    assert (await price(api, product_id))["price_list_id"] == everyone["id"]
    assert (await price(api, product_id, customer_id=customer_id))["price_list"] == group["name"]
    many = await price(api, product_id, customer_id=customer_id, quantity="1", unit="case")
    assert (many["amount"], many["price_list_id"], many["quantity"], many["unit"]) == ("15.50", own["id"], "12", "box")


async def test_a_price_holds_from_its_first_day_to_its_last(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    await priced(api, product_id, "10", valid_from="2026-12-01", valid_to="2026-12-24")
    days = {"2026-11-30": "18.00", "2026-12-01": "10.00", "2026-12-24": "10.00", "2026-12-25": "18.00"}
    for on, amount in days.items():
        assert (await price(api, product_id, on=on))["amount"] == amount


async def test_an_archived_price_holds_no_more(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    listed = await priced(api, product_id, "10")
    (of_list,) = (await api.get("/v1/prices", params={"price_list_id": listed["id"]})).json()["items"]
    assert (await api.delete(f"/v1/prices/{of_list['id']}", headers=EVERY)).status_code == 200
    assert (await price(api, product_id))["price_list_id"] is None
    assert (await api.post(f"/v1/prices/{of_list['id']}/restore")).status_code == 200
    assert (await api.delete(f"/v1/price-lists/{listed['id']}", headers=EVERY)).status_code == 200
    assert (await price(api, product_id))["price_list_id"] is None


async def test_a_product_that_nothing_is_said_of_has_no_price(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, name="Water"))["id"]
    refused = await price(api, product_id, currency="USD", on="2026-11-22")
    assert (refused["status"], refused["type"]) == (409, "/problems/no-price-known")
    assert "no price of Water in USD for 1 on 2026-11-22" in refused["detail"]
    assert (await price(api, product_id, unit="case"))["type"] == "/problems/unknown-unit"


async def test_the_customers_currency_is_asked_for_first(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, name="Tea", list_price={"amount": "9", "currency": "USD"}))["id"]
    customer_id = (await entered(api, "/v1/customers", name="Around the Horn", currency="USD"))["id"]
    assert (await price(api, product_id, customer_id=customer_id))["currency"] == "USD"
    assert (await price(api, product_id))["type"] == "/problems/no-price-known"


async def test_a_price_is_declared_once_for_each_quantity_and_day(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    listed = await priced(api, product_id, "10")
    body = {"price_list_id": listed["id"], "product_id": product_id, "amount": "11"}
    refused = await api.post("/v1/prices", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/declared-twice")
    shown = await entered(api, "/v1/prices", **{**body, "min_quantity": "5"})
    address = f"/v1/prices/{shown['id']}"
    assert (await api.patch(address, json={"min_quantity": "1"}, headers=EVERY)).status_code == 409
    assert (await api.patch(address, json={"amount": "9"}, headers=EVERY)).json()["amount"] == "9.00"
    lost = await api.post("/v1/prices", json={**body, "product_id": str(CANONICAL)})
    assert lost.json()["detail"] == f"There is no product with the id {CANONICAL} in this service."


async def test_the_currency_of_a_price_list_stays_once_it_has_prices(api: httpx.AsyncClient) -> None:
    listed = await entered(api, "/v1/price-lists", name="Everyone", currency="USD")
    address = f"/v1/price-lists/{listed['id']}"
    assert (await api.patch(address, json={"currency": "EUR"}, headers=EVERY)).json()["currency"] == "EUR"
    product_id = (await entered(api, **CHAI))["id"]
    await entered(api, "/v1/prices", price_list_id=listed["id"], product_id=product_id, amount="1")
    refused = await api.patch(address, json={"currency": "USD"}, headers=EVERY)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/currency-of-prices")
    assert (await api.patch(address, json={"name": "All"}, headers=EVERY)).status_code == 200


async def test_prices_are_written_in_batches(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    listed = await entered(api, "/v1/price-lists", name="Everyone", currency="EUR")
    body = {"price_list_id": listed["id"], "product_id": product_id}
    items = [{"body": {**body, "min_quantity": str(number), "amount": "5"}} for number in (1, 10, 10)]
    answer = await api.post("/v1/prices:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "created", "refused"]


async def test_products_are_written_in_batches(api: httpx.AsyncClient) -> None:
    items = [{"body": CHAI}, {"body": {"name": "B", "sku": "CHAI-10"}}, {"body": {"name": "C"}}]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused", "created"]


async def test_tax_rates_follow_one_another(api: httpx.AsyncClient) -> None:
    for rate, valid_from in (("0.16", "1998-04-01"), ("0.19", "2007-01-01")):
        await entered(api, "/v1/tax-rates", country="DE", tax_class="standard", rate=rate, valid_from=valid_from)
    listed = (await api.get("/v1/tax-rates", params={"country": "DE"})).json()["items"]
    assert [each["rate"] for each in listed] == ["0.19", "0.16"]
    again = {"country": "DE", "tax_class": "standard", "rate": "0.2", "valid_from": "2007-01-01"}
    assert (await api.post("/v1/tax-rates", json=again)).status_code == 409


async def test_a_delivered_product_is_created_once(api: httpx.AsyncClient) -> None:
    groups: dict[str, Any] = {
        "name": "Chai",
        "sku": "CHAI",
        "units": {"unit": "box", "conversions": []},
        "tax_class": "reduced",
    }
    first, second = await delivered(api, "product", delivery(**groups), delivery(**groups))
    assert (first["outcome"], second["outcome"]) == ("applied", "already")
    (shown,) = (await api.get(PATH, params={"canonical_id": str(CANONICAL)})).json()["items"]
    assert (shown["sku"], shown["tax_class"], shown["product_kind"]) == ("CHAI", "reduced", "goods")


async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient) -> None:
    await entered(api, **CHAI)
    twins: list[dict[str, Any]] = [{"sku": "CHAI-10"}, {"gtin": "4006381333931"}]
    for twin in twins:
        (outcome,) = await delivered(api, "product", delivery(name="Chai", **twin))
        assert outcome["outcome"] == "skipped"


async def test_a_delivered_sku_that_is_taken_is_rejected_alone(api: httpx.AsyncClient) -> None:
    shown = await entered(api, **CHAI)
    other = delivery(name="Other", sku="Other")
    await delivered(api, "product", other)
    canonical = "01900000-0000-7000-8000-00000000000e"
    link = {**delivery(name="Chai", seen_seq=1), "canonical_id": canonical, "local_id": shown["id"]}
    clash, fine = await delivered(api, "product", delivery(rev=2, sku="chai-10"), link)
    assert (clash["outcome"], clash["problem"]["type"]) == ("rejected", "/problems/not-unique")
    assert fine["outcome"] == "applied"


async def test_the_revision_of_a_declared_price_comes_back_from_the_hub(api: httpx.AsyncClient) -> None:
    product_id = (await entered(api, **CHAI))["id"]
    listed = await priced(api, product_id, "10")
    groups: dict[str, Any] = {
        "name": listed["name"],
        "terms": {"currency": "EUR", "customer_group": None, "valid_from": None, "valid_to": None},
        "customer": None,
    }
    known = {**delivery(seen_seq=1, **groups), "local_id": listed["id"]}
    (outcome,) = await delivered(api, "price_list", known)
    assert set(outcome["groups"].values()) == {"applied"}
    shown = (await api.get(f"/v1/price-lists/{listed['id']}")).json()
    assert (shown["version"], shown["sync"]["state"]) == (1, "in_step")


@pytest.mark.parametrize(
    ("kind", "groups", "absurd"),
    [
        ("price_list", {"name": "Retail", "terms": {"currency": "EUR"}}, {"terms": {"currency": 978}}),
        ("tax_rate", {"tax_rate": {"country": "DE", "tax_class": "standard", "rate": "0.19"}}, {"tax_rate": "0.19"}),
        (
            "tax_rate",
            {"tax_rate": {"country": "DE", "tax_class": "standard", "rate": "0.19"}},
            {"tax_rate": {"country": "DE", "tax_class": "standard", "rate": "1" + "0" * 40}},
        ),
    ],
)
async def test_what_is_declared_can_be_created_by_a_delivery_and_absurd_values_are_refused(
    api: httpx.AsyncClient, kind: str, groups: dict[str, Any], absurd: dict[str, Any]
) -> None:
    good, bad = delivery(uuid4(), **groups), delivery(uuid4(), **{**groups, **absurd})
    applied, refused = await delivered(api, kind, good, bad)
    assert (applied["outcome"], refused["outcome"], refused["local_id"]) == ("applied", "rejected", None)
    (again,) = await delivered(api, kind, good)
    assert (again["outcome"], again["local_id"]) == ("already", applied["local_id"])


async def test_a_delivered_price_stands_beside_one_that_is_refused(api: httpx.AsyncClient) -> None:
    product = await entered(api, **CHAI)
    prices = await entered(api, "/v1/price-lists", name="Retail", currency="EUR")
    references = {"product": product["id"], "price_list": prices["id"]}
    good = delivery(uuid4(), **references, price={"min_quantity": "1", "amount": "17"})
    bad = delivery(uuid4(), **references, price={"min_quantity": "1", "amount": "9" * 40})
    outcomes = await delivered(api, "price", bad, good)
    assert [each["outcome"] for each in outcomes] == ["rejected", "applied"]


async def test_another_tenant_sees_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    shown = await entered(api, **CHAI)
    await priced(api, shown["id"], "10")
    for path in (PATH, "/v1/price-lists", "/v1/prices", "/v1/tax-rates"):
        assert (await stranger.get(path)).json()["items"] == []
    assert (await stranger.get(f"{PATH}/{shown['id']}/price")).status_code == 404


async def test_who_may_only_read_writes_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("products:read prices:read") as reader:
        assert (await reader.post(PATH, json=CHAI)).status_code == 403
        assert (await reader.post("/v1/tax-rates", json={})).status_code == 403
        assert (await reader.get("/v1/accounts")).status_code == 403


async def test_the_list_price_takes_the_scope_of_prices(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    price = {"amount": "1", "currency": "EUR"}
    address = f"{PATH}/{(await api.post(PATH, json=CHAI)).json()['id']}"
    async with with_scopes("products:read products:write") as clerk:
        answers = [
            await clerk.post(PATH, json={"name": "A", "list_price": price}),
            await clerk.patch(address, json={"list_price": price}, headers={"If-Match": "*"}),
        ]
        assert [(each.status_code, each.json()["missing"]) for each in answers] == [(403, "prices:write")] * 2
        items = [{"body": {"name": "A", "list_price": price}}, {"body": {"name": "B"}}]
        first, second = (await clerk.post(f"{PATH}:batch", json={"items": items})).json()["items"]
        assert (first["problem"]["missing"], second["outcome"]) == ("prices:write", "created")
    async with with_scopes("products:write prices:write") as seller:
        changed = await seller.patch(address, json={"list_price": price}, headers={"If-Match": "*"})
        assert changed.json()["list_price"]["amount"] == "1.00"
