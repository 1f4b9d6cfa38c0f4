"""Quotes over HTTP, on a real database: from the catalogue's price to the order."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller, time_is
from crm.wiring import SERVICE

pytestmark = pytest.mark.servers
UNKNOWN = "01900000-0000-7000-8000-0000000000ff"
Body = dict[str, Any]


@pytest.fixture
async def director(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    """One who may give any discount."""
    scopes = "quotes:read quotes:write orders:write prices:write templates:write"
    async with caller(SERVICE, sessions, scopes, subject="dora", roles="sales-director") as client:
        yield client


async def a_customer(api: httpx.AsyncClient, **values: Any) -> str:
    answer = await api.post("/v1/customers", json={"name": "Alfreds Futterkiste", "currency": "EUR", **values})
    return str(answer.json()["id"])


async def a_product(api: httpx.AsyncClient, price: str = "18") -> str:
    """As the ERP delivers it."""
    values: Body = {
        "name": "Chai", "sku": f"sku-{uuid4()}", "product_kind": "goods", "units": {"unit": "piece"},
        "tax_class": "standard", "list_price": {"amount": price, "currency": "EUR"}, "life": "live",
    }  # fmt: skip
    groups = [{"group": group, "value": value, "rev": 1} for group, value in values.items()]
    item = {"canonical_id": str(uuid4()), "groups": groups}
    answer = await api.post("/replication/v1/product", json={"items": [item]})
    assert answer.json()["items"][0]["outcome"] == "applied", answer.text
    return str(answer.json()["items"][0]["local_id"])


async def a_quote(api: httpx.AsyncClient, **values: Any) -> Body:
    lines = [{"product_id": await a_product(api), "quantity": "10"}]
    body = {"customer_id": await a_customer(api), "lines": lines, **values}
    answer = await api.post("/v1/quotes", json=body)
    assert answer.status_code == 201, answer.text
    found: Body = answer.json()
    return found


async def test_a_quote_takes_its_prices_from_the_catalogue(api: httpx.AsyncClient) -> None:
    quote = await a_quote(api)
    assert (quote["number"], quote["revision"], quote["state"], quote["currency"]) == ("Q-000001", 1, "draft", "EUR")
    (line,) = quote["lines"]
    assert (line["description"], line["unit_price"], line["catalogue_price"], line["net"]) == (
        "Chai", "18.00", "18.00", "180.00",
    )  # fmt: skip
    assert (quote["net"], quote["tax"], quote["total"]) == ("180.00", "0.00", "180.00")


async def test_charges_of_a_quote_become_those_of_its_order(api: httpx.AsyncClient) -> None:
    quote = await a_quote(api, charges=[{"text": "Freight", "amount": "20", "tax_rate": "0.19"}])
    assert [(each["text"], each["amount"], each["tax_rate"]) for each in quote["charges"]] == [
        ("Freight", "20.00", "0.19")
    ]
    assert (quote["net"], quote["tax"], quote["total"]) == ("200.00", "3.80", "203.80")
    address = f"/v1/quotes/{quote['id']}"
    assert (await api.post(f"{address}/send")).status_code == 200
    (sent,) = (await api.get(f"{address}/versions")).json()["items"]
    assert [each["amount"] for each in sent["charges"]] == ["20.00"]
    assert (await api.get(f"{address}/pdf")).status_code == 200
    accepted = (await api.post(f"{address}/accept", json={})).json()
    order = (await api.get(f"/v1/orders/{accepted['order_id']}")).json()
    assert [each["text"] for each in order["charges"]] == ["Freight"]
    assert order["total"] == "203.80"


async def test_accepting_makes_an_order_as_it_was_offered_and_wins_the_deal(api: httpx.AsyncClient) -> None:
    customer_id = await a_customer(api)
    deal = (await api.post("/v1/deals", json={"name": "Tea", "customer_id": customer_id})).json()
    quote = await a_quote(api, customer_id=customer_id, deal_id=deal["id"])
    address = f"/v1/quotes/{quote['id']}"
    assert (await api.post(f"{address}/send")).json()["state"] == "sent"
    accepted = (await api.post(f"{address}/accept", json={"reference": "PO 7"})).json()
    assert accepted["state"] == "accepted"
    order = (await api.get(f"/v1/orders/{accepted['order_id']}")).json()
    assert (order["state"], order["reference"], order["total"]) == ("submitted", "PO 7", quote["total"])
    assert order["lines"][0]["unit_price"] == "18.00"
    assert (await api.get(f"/v1/deals/{deal['id']}")).json()["state"] == "won"
    again = await api.post(f"{address}/accept", json={})
    assert (again.status_code, again.json()["state"], again.json()["allowed"]) == (409, "accepted", [])


async def test_a_quote_that_was_accepted_some_days_ago_gives_order_and_deal_that_day(api: httpx.AsyncClient) -> None:
    customer_id = await a_customer(api)
    deal = (await api.post("/v1/deals", json={"name": "Tea", "customer_id": customer_id})).json()
    address = f"/v1/quotes/{(await a_quote(api, customer_id=customer_id, deal_id=deal['id']))['id']}"
    await api.post(f"{address}/send")
    accepted = (await api.post(f"{address}/accept", json={"accepted_on": "2026-02-27"})).json()
    assert (await api.get(f"/v1/orders/{accepted['order_id']}")).json()["ordered_on"] == "2026-02-27"
    assert (await api.get(f"/v1/deals/{deal['id']}")).json()["closed_on"] == "2026-02-27"


async def test_a_sent_quote_is_changed_only_as_a_new_version(api: httpx.AsyncClient) -> None:
    quote = await a_quote(api)
    address = f"/v1/quotes/{quote['id']}"
    sent = (await api.post(f"{address}/send")).json()
    tag = {"If-Match": f'"{sent["version"]}"'}
    fixed = await api.patch(address, json={"introduction": "Hello"}, headers=tag)
    assert (fixed.status_code, fixed.json()["allowed"]) == (409, ["accept", "decline", "revise"])
    revised = (await api.post(f"{address}/revise")).json()
    assert (revised["state"], revised["revision"]) == ("draft", 2)
    lines = [{**{k: quote["lines"][0][k] for k in ("id", "product_id", "unit_price")}, "quantity": "5"}]
    tag = {"If-Match": f'"{revised["version"]}"'}
    changed = (await api.patch(address, json={"lines": lines}, headers=tag)).json()
    assert (changed["total"], changed["lines"][0]["id"]) == ("90.00", quote["lines"][0]["id"])
    await api.post(f"{address}/send")
    versions = (await api.get(f"{address}/versions")).json()["items"]
    assert [(each["revision"], each["total"]) for each in versions] == [(2, "90.00"), (1, "180.00")]
    declined = (await api.post(f"{address}/decline", json={"reason": "Too late"})).json()
    assert (declined["state"], declined["reason"]) == ("declined", "Too late")


async def test_a_discount_beyond_the_callers_limit_is_refused_however_it_is_given(
    api: httpx.AsyncClient, director: httpx.AsyncClient
) -> None:
    product_id, customer_id = await a_product(api), await a_customer(api)
    for values in ({"discount": "0.2"}, {"unit_price": "14.40"}):
        line = {"product_id": product_id, "quantity": "1", **values}
        body = {"customer_id": customer_id, "lines": [line]}
        refused = await api.post("/v1/quotes", json=body)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/discount-too-high")
        assert refused.json()["who_may"] == ["sales-director", "sales-lead", "sales-manager"]
        assert (await director.post("/v1/quotes", json=body)).json()["total"] == "14.40"


async def test_limits_and_letterhead_are_declared(api: httpx.AsyncClient, director: httpx.AsyncClient) -> None:
    limits = (await api.get("/v1/discount-limits")).json()
    assert (limits["version"], limits["everyone"], limits["roles"]["sales"]) == (0, "0.05", "0.1")
    wanted = {"everyone": "0.5", "roles": {}}
    assert (await director.put("/v1/discount-limits", json=wanted)).json()["version"] == 1
    assert (await director.put("/v1/discount-limits", json=wanted)).status_code == 428
    line = {"product_id": await a_product(api), "quantity": "1", "discount": "0.5"}
    body = {"customer_id": await a_customer(api), "lines": [line]}
    assert (await api.post("/v1/quotes", json=body)).status_code == 201
    head = await director.put("/v1/letterhead", json={"name": "Northwind Traders"})
    assert head.json() == {"name": "Northwind Traders", "address": None, "details": [], "version": 1}


async def test_a_quote_is_printed_and_so_is_what_was_sent_before(api: httpx.AsyncClient) -> None:
    quote = await a_quote(api, language="de", valid_until="2099-12-31")
    address = f"/v1/quotes/{quote['id']}"
    draft = await api.get(f"{address}/pdf")
    assert (draft.headers["content-type"], draft.content[:5]) == ("application/pdf", b"%PDF-")
    assert (await api.get(f"{address}/pdf", params={"revision": 1})).status_code == 404
    await api.post(f"{address}/send")
    sent = await api.get(f"{address}/pdf", params={"revision": 1})
    assert 'filename="Q-000001-1.pdf"' in sent.headers["content-disposition"]


@pytest.mark.parametrize("field", ["customer_id", "contact_id", "deal_id"])
async def test_what_a_quote_names_must_exist(api: httpx.AsyncClient, field: str) -> None:
    body = {"customer_id": await a_customer(api), field: UNKNOWN}
    refused = await api.post("/v1/quotes", json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/reference-unknown")
    assert refused.json()["kind"] == field.removesuffix("_id")


async def test_a_quote_without_lines_or_price_is_told_what_is_missing(api: httpx.AsyncClient) -> None:
    quote = await a_quote(api, lines=[])
    empty = await api.post(f"/v1/quotes/{quote['id']}/send")
    assert (empty.status_code, empty.json()["type"]) == (409, "/problems/nothing-quoted")
    line = {"product_id": await a_product(api), "quantity": "1"}
    dollars = {"customer_id": await a_customer(api), "currency": "USD", "lines": [line]}
    assert (await api.post("/v1/quotes", json=dollars)).json()["type"] == "/problems/no-price-known"
    nowhere = {"customer_id": await a_customer(api, currency=None), "lines": []}
    assert (await api.post("/v1/quotes", json=nowhere)).json()["errors"][0]["field"] == "currency"


async def test_quotes_are_found_by_state_and_belong_to_their_tenant(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    with time_is("2020-01-01T12:00:00+00:00"):
        over = await a_quote(api, valid_until="2020-01-01")
        await api.post(f"/v1/quotes/{over['id']}/send")
    open_ended = await a_quote(api)
    await api.post(f"/v1/quotes/{open_ended['id']}/send")
    for state, wanted in (("expired", over), ("sent", open_ended)):
        found = (await api.get("/v1/quotes", params={"state": state})).json()["items"]
        assert [each["id"] for each in found] == [wanted["id"]]
        assert found[0]["state"] == state
    assert (await stranger.get("/v1/quotes")).json()["items"] == []
    assert (await stranger.get(f"/v1/quotes/{over['id']}")).status_code == 404


async def test_a_quote_ends_and_an_order_begins_with_the_companys_day(api: httpx.AsyncClient) -> None:
    with time_is("2026-12-31T12:00:00+00:00", "Asia/Tokyo"):
        quote = await a_quote(api, valid_until="2026-12-31")
        address = f"/v1/quotes/{quote['id']}"
        assert (await api.post(f"{address}/send")).json()["state"] == "sent"
    with time_is("2026-12-31T23:30:00+00:00", "Asia/Tokyo"):
        assert (await api.get(address)).json()["state"] == "expired"
        assert [each["id"] for each in (await api.get("/v1/quotes?state=expired")).json()["items"]] == [quote["id"]]
        assert (await api.post(f"{address}/accept", json={})).status_code == 409
        order = await api.post("/v1/orders", json={"customer_id": quote["customer_id"], "currency": "EUR"})
        assert order.json()["ordered_on"] == "2027-01-01", order.text
