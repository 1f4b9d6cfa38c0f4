"""The orders' REST interface on a real database."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .factories import PATH, Shop

pytestmark = pytest.mark.servers
NOBODY = "01900000-0000-7000-8000-0000000000ff"


@pytest.fixture
async def shop(api: httpx.AsyncClient) -> Shop:
    return await Shop.opened(api)


def if_match(shown: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{shown["version"]}"'}


async def patch(shop: Shop, shown: dict[str, Any], **values: Any) -> httpx.Response:
    return await shop.api.patch(f"{PATH}/{shown['id']}", json=values, headers=if_match(shown))


async def test_an_order_is_entered_and_found_at_its_location(shop: Shop, api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json=shop.body(reference="PO 7"))
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    found = (await api.get(answer.headers["Location"])).json()
    assert found == answer.json()
    assert (found["sales_number"], found["number"], found["state"]) == ("SO-000001", None, "draft")
    assert (found["net"], found["tax"], found["total"]) == ("216.00", "41.04", "257.04")
    assert found["taxes"] == [{"rate": "0.19", "net": "216.00", "tax": "41.04"}]


async def test_a_line_says_where_its_price_and_its_rate_come_from(shop: Shop) -> None:
    price_list = await shop.list_price("Tofu", "20", customer_group="retail")
    chai, tofu = shop.products["Chai"], shop.products["Tofu"]
    lines = [
        {"product_id": chai, "quantity": "1"},
        {"product_id": tofu, "quantity": "1"},
        {"product_id": tofu, "quantity": "1", "unit_price": "19.5", "tax_rate": "0.07", "discount": "0.01"},
    ]
    shown = await shop.entered(lines=lines)
    assert [(each["unit_price"], each["price_from"], each["price_list_id"]) for each in shown["lines"]] == [
        ("18.00", "list_price", None),
        ("20.00", "price_list", price_list),
        ("19.50", "entered", None),
    ]
    assert [(each["tax_rate"], each["tax_from"]) for each in shown["lines"]] == [
        ("0.19", "declared"),
        ("0.19", "declared"),
        ("0.07", "entered"),
    ]


async def test_what_is_delivered_abroad_is_not_taxed_here(shop: Shop) -> None:
    shown = await shop.entered(shipping_address={"city": "Wien", "country": "AT"})
    assert (shown["tax"], shown["lines"][0]["tax_rate"]) == ("0.00", "0")


@pytest.mark.parametrize(
    ("values", "status", "problem"),
    [
        ({"customer_id": NOBODY}, 409, "reference-unknown"),
        ({"lines": [{"product_id": NOBODY, "quantity": "1"}]}, 409, "reference-unknown"),
        ({"currency": "USD"}, 409, "no-price-known"),
        ({"lines": [], "submit": True}, 409, "nothing-ordered"),
        ({"lines": [{"id": NOBODY, "product_id": NOBODY, "quantity": "1"}]}, 409, "no-such-line"),
        ({"lines": [{"product_id": NOBODY, "quantity": "0"}]}, 422, "malformed"),
        ({"freight": "32.38"}, 422, "malformed"),
    ],
)
async def test_what_makes_no_sense_is_refused(shop: Shop, values: dict[str, Any], status: int, problem: str) -> None:
    answer = await shop.api.post(PATH, json=shop.body(**values))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")
    assert (await shop.api.get(PATH)).json()["items"] == []


async def test_a_customer_without_a_currency_is_asked_for_one(shop: Shop, api: httpx.AsyncClient) -> None:
    other = (await api.post("/v1/customers", json={"name": "Around the Horn"})).json()["id"]
    answer = await api.post(PATH, json=shop.body(customer_id=other))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "currency")


async def test_a_draft_is_changed_line_by_line(shop: Shop) -> None:
    shown = await shop.entered()
    (chai,) = shown["lines"]
    lines = [
        {"product_id": shop.products["Tofu"], "quantity": "2"},
        {"id": chai["id"], "product_id": chai["product_id"], "quantity": "10"},
    ]
    changed = (await patch(shop, shown, lines=lines, notes="Ring twice")).json()
    assert [(each["quantity"], each["net"]) for each in changed["lines"]] == [("2", "46.50"), ("10", "180.00")]
    assert changed["lines"][1]["id"] == chai["id"]
    assert (changed["net"], changed["notes"], changed["version"]) == ("226.50", "Ring twice", 2)


async def test_a_price_of_the_lists_stays_until_what_it_depends_on_changes(shop: Shop) -> None:
    shown = await shop.entered()
    await shop.list_price("Chai", "15")
    same = (await patch(shop, shown, notes="Ring twice")).json()
    assert same["lines"][0]["unit_price"] == "18.00"
    moved = (await patch(shop, same, ordered_on="2026-03-02")).json()
    assert (moved["lines"][0]["unit_price"], moved["lines"][0]["price_from"]) == ("15.00", "price_list")
    assert moved["lines"][0]["id"] == shown["lines"][0]["id"]


async def test_lines_sent_back_as_they_are_shown_change_nothing(shop: Shop) -> None:
    shown = await shop.entered()
    wanted = ("id", "product_id", "description", "quantity", "unit_price", "discount", "tax_rate")
    lines = [{name: each[name] for name in wanted} for each in shown["lines"]]
    again = (await patch(shop, shown, lines=lines)).json()
    assert again == shown


async def test_a_submitted_order_is_read_only_and_says_what_is_allowed(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered(submit=True)
    address = f"{PATH}/{shown['id']}"
    assert shown["state"] == "submitted"
    assert shown["submitted_at"] is not None
    refused = [
        await patch(shop, shown, notes="Late"),
        await api.delete(address, headers=if_match(shown)),
        await api.post(f"{address}/submit"),
    ]
    for answer in refused:
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (409, "/problems/order-state-forbids")
        assert (problem["state"], problem["allowed"]) == ("submitted", ["cancel", "requests"])


async def test_a_draft_is_submitted(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered()
    answer = await api.post(f"{PATH}/{shown['id']}/submit")
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, "submitted", 2)


async def test_the_same_key_submits_once(shop: Shop, api: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "one"}
    first = await api.post(PATH, json=shop.body(submit=True), headers=key)
    again = await api.post(PATH, json=shop.body(submit=True), headers=key)
    assert again.json() == first.json()
    assert len((await api.get(PATH)).json()["items"]) == 1


async def test_an_order_is_taken_back_with_a_reason(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered(submit=True)
    address = f"{PATH}/{shown['id']}"
    assert (await api.post(f"{address}/cancel", json={"reason": " "})).status_code == 422
    answer = (await api.post(f"{address}/cancel", json={"reason": "Ordered twice"})).json()
    assert (answer["state"], answer["reason"]["text"]) == ("cancelled", "Ordered twice")
    again = await api.post(f"{address}/cancel", json={"reason": "Again"})
    assert (again.status_code, again.json()["allowed"]) == (409, ["archive"])


async def test_a_draft_is_archived_and_restored(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered()
    address = f"{PATH}/{shown['id']}"
    archived = (await api.delete(address, headers=if_match(shown))).json()
    assert (await api.get(PATH)).json()["items"] == []
    assert (await api.post(f"{address}/submit")).json()["type"] == "/problems/archived"
    assert (await patch(shop, archived, notes="A")).json()["type"] == "/problems/archived"
    assert (await api.post(f"{address}/restore")).json()["archived_at"] is None


async def test_the_erp_is_asked_and_answers(shop: Shop, api: httpx.AsyncClient) -> None:
    shown = await shop.entered(submit=True)
    requests = f"{PATH}/{shown['id']}/requests"
    await shop.told(shown, state="confirmed")
    wish = {"line_id": shown["lines"][0]["id"], "quantity": "6"}
    asked = await api.post(requests, json={"kind": "change", "reason": "Too much", "lines": [wish]})
    assert (asked.status_code, asked.json()["request_open"]) == (201, True)
    second = await api.post(requests, json={"kind": "cancel"})
    assert (second.status_code, second.json()["type"]) == (409, "/problems/request-open")
    (waiting,) = (await api.get(PATH, params={"request_open": "true"})).json()["items"]
    assert waiting["id"] == shown["id"]
    answer = {"request": asked.json()["request"]["id"], "outcome": "refused", "reason": "Packed already"}
    answered = await shop.told(shown, rev=6, answer=answer)
    assert (answered["answer"]["reason"], answered["request_open"]) == ("Packed already", False)
    assert (await api.post(requests, json={"kind": "cancel"})).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "change"}, 422),
        ({"kind": "cancel", "lines": [{"line_id": NOBODY, "quantity": "1"}]}, 422),
        ({"kind": "change", "lines": [{"line_id": NOBODY, "quantity": "1"}]}, 409),
        ({"kind": "change", "lines": [{"line_id": NOBODY, "quantity": "1"}] * 2}, 422),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused(shop: Shop, body: dict[str, Any], status: int) -> None:
    shown = await shop.entered(submit=True)
    assert (await shop.api.post(f"{PATH}/{shown['id']}/requests", json=body)).status_code == status


async def test_a_draft_needs_no_request(shop: Shop) -> None:
    shown = await shop.entered()
    answer = await shop.api.post(f"{PATH}/{shown['id']}/requests", json={"kind": "cancel"})
    assert (answer.status_code, answer.json()["state"]) == (409, "draft")


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["third", "second", "first"]),
        ({"sort": "total"}, ["first", "third", "second"]),
        ({"state": "draft"}, ["first"]),
        ({"state": ["submitted", "on_hold"]}, ["third", "second"]),
        ({"q": "SECO"}, ["second"]),
        ({"q": "so-000003"}, ["third"]),
        ({"q": "alfreds futter"}, ["third", "second", "first"]),
        ({"q": "100%"}, []),
        ({"sales_number": "SO-000001"}, ["first"]),
        ({"number": "O-000007"}, ["third"]),
        ({"reference": "second"}, ["second"]),
        ({"ordered_from": "2026-03-02", "ordered_until": "2026-03-03"}, ["second"]),
        ({"customer_id": NOBODY}, []),
        ({"currency": "EUR", "request_open": "true"}, []),
        ({"updated_since": "2999-01-01T00:00:00Z"}, []),
    ],
)
async def test_a_list_is_narrowed(shop: Shop, parameters: dict[str, Any], found: list[str]) -> None:
    tofu = {"product_id": shop.products["Tofu"], "quantity": "100"}
    await shop.entered(reference="first")
    await shop.entered(reference="second", ordered_on="2026-03-03", submit=True, lines=[tofu])
    thirteen = {"product_id": shop.products["Chai"], "quantity": "13"}
    third = await shop.entered(reference="third", ordered_on="2026-03-04", submit=True, lines=[thirteen])
    await shop.told(third, state="on_hold", number="O-000007", reason={"code": "customer-blocked", "text": "No."})
    items = (await shop.api.get(PATH, params=parameters)).json()["items"]
    assert [each["reference"] for each in items] == found


async def test_a_list_shows_totals_and_the_reason(shop: Shop) -> None:
    shown = await shop.entered(submit=True)
    await shop.told(shown, state="on_hold", reason={"code": "customer-blocked", "text": "The customer is blocked."})
    (listed,) = (await shop.api.get(PATH)).json()["items"]
    assert (listed["state"], listed["reason"]["code"]) == ("on_hold", "customer-blocked")
    assert (listed["net"], listed["total"], "lines" in listed) == ("216.00", "257.04", False)


async def test_each_item_of_a_batch_stands_or_falls_alone(shop: Shop, api: httpx.AsyncClient) -> None:
    draft, sent = await shop.entered(), await shop.entered(submit=True)
    items = [
        {"body": shop.body(submit=True)},
        {"body": shop.body(customer_id=NOBODY)},
        {"id": draft["id"], "version": 1, "body": {"notes": "Ring twice"}},
        {"id": sent["id"], "version": 1, "body": {"notes": "Ring twice"}},
    ]
    results = (await api.post(f"{PATH}:batch", json={"items": items})).json()["items"]
    assert [each["outcome"] for each in results] == ["created", "refused", "updated", "refused"]
    assert results[3]["problem"]["allowed"] == ["cancel", "requests"]
    assert (await shop.shown(results[0]["id"]))["sales_number"] == "SO-000003"


async def test_another_tenant_sees_and_changes_nothing(shop: Shop, stranger: httpx.AsyncClient) -> None:
    shown = await shop.entered()
    address = f"{PATH}/{shown['id']}"
    assert (await stranger.get(PATH)).json()["items"] == []
    assert (await stranger.get(address)).status_code == 404
    assert (await stranger.post(f"{address}/submit")).status_code == 404
    assert (await stranger.post(PATH, json=shop.body())).status_code == 409


async def test_who_may_only_read_writes_nothing(shop: Shop, with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("orders:read") as reader:
        assert (await reader.get(PATH)).status_code == 200
        assert (await reader.get("/v1/shipments")).status_code == 200
        refused = await reader.post(PATH, json=shop.body())
        assert (refused.status_code, refused.json()["missing"]) == (403, "orders:write")


async def test_orders_are_exported_with_their_lines_and_what_became_of_them(shop: Shop) -> None:
    first, second = await shop.entered(), await shop.entered(submit=True)
    answer = await shop.api.get(f"{PATH}:export", params={"format": "jsonl", "sort": "sales_number"})
    assert answer.status_code == 200, answer.text
    exported = [json.loads(each) for each in answer.text.splitlines()]
    read = [await shop.shown(each["id"]) for each in (first, second)]
    assert exported == [{name: value for name, value in each.items() if name != "allowed"} for each in read]
    listed = (await shop.api.get(PATH, params={"sort": "sales_number"})).json()["items"]
    assert [each["id"] for each in listed] == [first["id"], second["id"]]
    assert "lines" not in listed[0]
