"""Lines of deals, the quote of a deal, and what a deal brought, over HTTP, on a real database."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.testing import brought

from ..receivables.factories import delivery, document, line, numbered
from .test_routes import UNKNOWN

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}


async def a_product(api: httpx.AsyncClient) -> str:
    return str((await api.post("/v1/products", json={"name": "Chai"})).json()["id"])


async def a_deal(api: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    customer = (await api.post("/v1/customers", json={"name": "Alfreds Futterkiste", "currency": "EUR"})).json()
    line = {"product_id": await a_product(api), "quantity": "10", "unit_price": "18", "discount": "0.05"}
    answer = await api.post("/v1/deals", json={"name": "Tea", "customer_id": customer["id"], "lines": [line], **values})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_amount_of_a_deal_follows_its_lines(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    assert (deal["amount"], deal["currency"]) == ("171.00", "EUR")
    (line,) = deal["lines"]
    assert (line["description"], line["net"]) == ("Chai", "171.00")
    path = f"/v1/deals/{deal['id']}"
    second = {"product_id": line["product_id"], "quantity": "1", "unit_price": "9.99"}
    kept = {name: line[name] for name in ("id", "product_id", "quantity", "unit_price", "discount")}
    changed = (await api.patch(path, json={"lines": [kept, second]}, headers=SEEN)).json()
    assert (changed["amount"], changed["lines"][0]["id"], changed["version"]) == ("180.99", line["id"], 2)
    emptied = (await api.patch(path, json={"lines": [], "amount": "200"}, headers=SEEN)).json()
    assert (emptied["amount"], emptied["lines"]) == ("200.00", [])


async def test_another_amount_than_that_of_the_lines_is_refused(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    path = f"/v1/deals/{deal['id']}"
    refused = await api.patch(path, json={"amount": "1"}, headers=SEEN)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/amount-of-lines")
    assert (await api.patch(path, json={"amount": "171", "notes": "Seen."}, headers=SEEN)).status_code == 200


async def test_a_change_of_something_else_leaves_the_lines_as_they_are(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    path = f"/v1/deals/{deal['id']}"
    changed = (await api.patch(path, json={"notes": "Wants twelve cases."}, headers=SEEN)).json()
    assert (changed["lines"], changed["amount"]) == (deal["lines"], "171.00")
    same = (await api.patch(path, json={"notes": "Wants twelve cases."}, headers=SEEN)).json()
    assert same["version"] == changed["version"]


async def test_a_line_without_a_known_product_or_price_is_refused(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    path = f"/v1/deals/{deal['id']}"
    unknown = {"lines": [{"product_id": UNKNOWN, "quantity": "1"}]}
    assert (await api.patch(path, json=unknown, headers=SEEN)).json()["type"] == "/problems/reference-unknown"
    unpriced = {"lines": [{"product_id": await a_product(api), "quantity": "1"}]}
    assert (await api.patch(path, json=unpriced, headers=SEEN)).json()["type"] == "/problems/no-price-known"
    stranger = {"lines": [{"id": UNKNOWN, "product_id": await a_product(api), "quantity": "1", "unit_price": "1"}]}
    assert (await api.patch(path, json=stranger, headers=SEEN)).json()["type"] == "/problems/no-such-line"


async def test_lists_and_the_board_show_deals_without_their_lines(api: httpx.AsyncClient) -> None:
    await a_deal(api)
    (listed,) = (await api.get("/v1/deals")).json()["items"]
    first = (await api.get("/v1/deals:board")).json()["columns"][0]
    assert "lines" not in listed
    assert "lines" not in first["deals"][0]


async def accepted(api: httpx.AsyncClient, deal: dict[str, Any]) -> dict[str, Any]:
    made = await api.post(f"/v1/deals/{deal['id']}/quote", json={"reference": "PO 7"})
    assert made.status_code == 201, made.text
    path = f"/v1/quotes/{made.json()['id']}"
    assert (await api.post(f"{path}/send")).status_code == 200
    return dict((await api.post(f"{path}/accept", json={})).json())


async def test_a_quote_takes_over_the_lines_of_its_deal_and_its_order_keeps_the_deal(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    quote = await accepted(api, deal)
    assert (quote["deal_id"], quote["customer_id"], quote["net"]) == (deal["id"], deal["customer_id"], "171.00")
    order = (await api.get(f"/v1/orders/{quote['order_id']}")).json()
    assert (order["deal_id"], order["net"]) == (deal["id"], "171.00")
    (listed,) = (await api.get("/v1/orders", params={"deal_id": deal["id"]})).json()["items"]
    assert listed["id"] == order["id"]
    won = (await api.get(f"/v1/deals/{deal['id']}")).json()
    assert (won["state"], "quote" in won["allowed"]) == ("won", False)
    again = await api.post(f"/v1/deals/{deal['id']}/quote", json={})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/deal-closed")


async def test_the_overview_of_a_deal_shows_what_was_ordered_invoiced_and_paid(api: httpx.AsyncClient) -> None:
    deal = await a_deal(api)
    quote = await accepted(api, deal)
    path = f"/v1/deals/{deal['id']}/overview"
    before = (await api.get(path)).json()
    assert before["revenue"] == [{"currency": "EUR", "ordered": "171.00", "invoiced": "0.00", "paid": "0.00"}]
    order = (await api.get(f"/v1/orders/{quote['order_id']}")).json()
    of_line = line("171", order["lines"][0]["id"])
    half_paid = {"state": "partly_paid", "settled": "100.00", "open": "100.00", "dunning_level": 0}
    billed = {"document": {**document(1, "171"), "total": "200.00"}, "lines": [of_line], "settlement": half_paid}
    invoice = await brought(api, "invoice", delivery(numbered(1), customer=deal["customer_id"], **billed))
    credited = {"invoice": invoice, "document": document(2, "17.10"), "lines": [{**of_line, "net": "17.10"}]}
    await brought(api, "credit_note", delivery(numbered(2), customer=deal["customer_id"], **credited))
    found = (await api.get(path)).json()
    assert found["revenue"] == [{"currency": "EUR", "ordered": "171.00", "invoiced": "153.90", "paid": "68.40"}]
    assert [each["id"] for each in found["quotes"]] == [quote["id"]]
    assert [each["id"] for each in found["orders"]] == [quote["order_id"]]


async def test_a_part_of_the_overview_is_hidden_without_its_scope(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    deal = await a_deal(api)
    found = (await with_scopes("deals:read quotes:read").get(f"/v1/deals/{deal['id']}/overview")).json()
    assert {name for name, part in found.items() if part is not None} == {"deal_id", "quotes"}


async def test_an_order_of_an_unknown_deal_is_refused(api: httpx.AsyncClient) -> None:
    customer = (await api.post("/v1/customers", json={"name": "Alfreds", "currency": "EUR"})).json()
    body = {"customer_id": customer["id"], "deal_id": UNKNOWN}
    refused = await api.post("/v1/orders", json=body)
    assert (refused.status_code, refused.json()["kind"]) == (409, "deal")
