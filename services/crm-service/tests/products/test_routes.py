"""Products over HTTP, on a real database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import TENANT, brought, delivered
from crm.wiring import IMPORTS
from importing import Import, spreadsheet

from .factories import CHAI, CHANG, LISTED, delivery, linked_product, numbered

pytestmark = pytest.mark.servers
PATH = "/v1/products"
ANY = {"If-Match": "*"}


async def entered(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json={**CHAI, **values})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def names(api: httpx.AsyncClient, **parameters: str) -> list[str]:
    answer = await api.get(PATH, params=parameters)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_a_product_is_entered_and_found_at_its_location(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=CHAI)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    found = (await api.get(answer.headers["Location"])).json()
    assert found == answer.json()
    assert CHAI.items() <= found.items()
    assert (found["units"]["unit"], found["tax_class"], found["product_kind"]) == ("piece", "standard", "goods")
    assert found["availability"] is None


@pytest.mark.parametrize(
    "kept",
    [{"list_price": LISTED}, {"dimensions": {"weight_kg": "1"}}],
)
async def test_what_the_erp_always_keeps_is_refused(api: httpx.AsyncClient, kept: dict[str, Any]) -> None:
    refused = await api.post(PATH, json={**CHAI, **kept})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/owned-elsewhere")
    assert (refused.json()["owner"], refused.json()["fields"]) == ("erp", list(kept))


@pytest.mark.parametrize(
    "change",
    [{"sku": "NW-77"}, {"gtin": None}, {"tax_class": "reduced"}, {"units": {"unit": "box"}}, {"product_kind": "kit"}],
)
async def test_numbers_units_and_tax_class_belong_to_the_erp_once_it_knows_the_product(
    api: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    own = await entered(api, sku="NW-5", gtin="96385074")
    assert (await api.patch(f"{PATH}/{own['id']}", json=change, headers=ANY)).status_code == 200
    linked = await linked_product(api)
    refused = await api.patch(f"{PATH}/{linked}", json=change, headers=ANY)
    assert (refused.status_code, refused.json()["fields"]) == (409, list(change))
    unchanged = await api.patch(f"{PATH}/{linked}", json={"sku": "NW-1", "name": "Chai tea"}, headers=ANY)
    assert (unchanged.status_code, unchanged.json()["name"]) == (200, "Chai tea")


@pytest.mark.parametrize("number", [{"sku": "nw-1", "gtin": None}, {"sku": "NW-9", "gtin": "04006381333931"}])
async def test_a_number_names_one_product(api: httpx.AsyncClient, number: dict[str, str]) -> None:
    shown = await entered(api)
    refused = await api.post(PATH, json={**CHANG, **number})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/product-number-taken")
    assert refused.json()["id"] == shown["id"]


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["Chai", "Tofu"]),
        ({"q": "beverages chai"}, ["Chai"]),
        ({"q": "NW-14"}, ["Tofu"]),
        ({"category": "Produce"}, ["Tofu"]),
        ({"sku": "nw-1"}, ["Chai"]),
        ({"gtin": "04006381333931"}, ["Chai"]),
        ({"available": "true"}, ["Tofu"]),
        ({"available": "false"}, ["Chai"]),
        ({"product_kind": "service"}, ["Tofu"]),
        ({"sort": "-sku"}, ["Tofu", "Chai"]),
        ({"updated_since": "2999-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_list_is_narrowed(api: httpx.AsyncClient, parameters: dict[str, str], found: list[str]) -> None:
    await entered(api)
    groups: dict[str, Any] = {"sku": "NW-14", "gtin": None, "category": "Produce", "product_kind": "service"}
    tofu = await linked_product(api, name="Tofu", **groups)
    stock = {"on_hand": "35", "reserved": "5", "available": "30"}
    await brought(api, "availability", delivery(numbered(1), product=tofu, availability=stock))
    assert await names(api, **parameters) == found


async def test_a_list_shows_stock_and_list_price_with_their_age(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    stock = {"on_hand": "39", "reserved": "4.5", "available": "34.5"}
    await brought(api, "availability", delivery(numbered(1), product=product, availability=stock))
    (shown,) = (await api.get(PATH)).json()["items"]
    assert shown["list_price"] == LISTED
    as_of = shown["availability"].pop("as_of")
    assert shown["availability"] == stock
    assert as_of >= shown["updated_at"]


async def test_groups_are_listed_with_how_many_products_they_have(api: httpx.AsyncClient) -> None:
    await entered(api)
    await entered(api, **CHANG, gtin=None)
    await entered(api, name="Thing", sku=None, gtin=None, category=None)
    answer = await api.get("/v1/product-groups")
    assert answer.json()["items"] == [{"category": "Beverages", "products": 2}, {"category": None, "products": 1}]


async def test_each_item_of_a_batch_stands_or_falls_alone(api: httpx.AsyncClient) -> None:
    shown = await entered(api)
    items = [
        {"body": CHANG},
        {"body": {**CHANG, "name": "Chang again"}},
        {"body": {"name": "Tofu", "list_price": LISTED}},
        {"id": shown["id"], "version": 1, "body": {"category": "Tea"}},
    ]
    answer = await api.post(f"{PATH}:batch", json={"items": items})
    assert [each["outcome"] for each in answer.json()["items"]] == ["created", "refused", "refused", "updated"]


async def test_another_tenant_sees_and_changes_nothing(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    shown = await entered(api)
    assert await names(stranger) == []
    assert (await stranger.get(f"{PATH}/{shown['id']}")).status_code == 404
    assert (await stranger.post(PATH, json=CHAI)).status_code == 201


async def test_who_may_only_read_writes_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("products:read") as reader:
        assert (await reader.get(PATH)).status_code == 200
        assert (await reader.post(PATH, json=CHAI)).json()["missing"] == "products:write"
        assert (await reader.get("/v1/price-lists")).json()["missing"] == "prices:read"


async def test_a_file_becomes_products_once(sessions: Sessions, api: httpx.AsyncClient, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,product_name,quantity_per_unit\n1,Chai,10 boxes x 30 bags\n", encoding="utf-8")
    columns = "product_name=name,product_id=sku,quantity_per_unit=description"
    for outcome in ("created", "unchanged"):
        rows = spreadsheet.read(file, columns, "product_id", IMPORTS["products"].shape)
        (result,) = await Import("products", IMPORTS["products"], "northwind", TENANT, "import:products.csv").run(
            sessions, rows
        )
        assert result.outcome == outcome
    assert await names(api, sku="1") == ["Chai"]


async def test_a_delivery_waits_while_its_unlinked_twin_is_here(api: httpx.AsyncClient) -> None:
    await entered(api)
    numbers: list[dict[str, Any]] = [{"sku": "nw-1"}, {"gtin": "04006381333931"}]
    for same in numbers:
        (outcome,) = await delivered(api, "product", delivery(name="Chai", **same))
        assert outcome["outcome"] == "skipped"


async def test_a_delivered_product_is_taken_as_it_is(api: httpx.AsyncClient) -> None:
    product = await linked_product(api, product_kind="goods", tax_class="reduced")
    shown = (await api.get(f"{PATH}/{product}")).json()
    assert (shown["list_price"], shown["product_kind"], shown["tax_class"]) == (LISTED, "goods", "reduced")
    await delivered(api, "product", delivery(rev=2, list_price={"amount": "19", "currency": "EUR"}, life="dead"))
    shown = (await api.get(f"{PATH}/{product}")).json()
    assert (shown["list_price"]["amount"], shown["archived_at"] is None) == ("19.00", False)


async def test_stock_of_a_product_that_is_not_here_is_rejected_alone(api: httpx.AsyncClient) -> None:
    product = await linked_product(api)
    stock = {"on_hand": "1", "reserved": "0", "available": "1"}
    lost = delivery(numbered(1), product=str(numbered(99)), availability=stock)
    found = delivery(numbered(2), product=product, availability=stock)
    refused, taken = await delivered(api, "availability", lost, found)
    assert (refused["outcome"], taken["outcome"]) == ("rejected", "applied")
    assert refused["problem"]["type"] == "/problems/refers-to-nothing"
