"""The timelines of customers and deals over HTTP, on a real database."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.servers
Row = dict[str, Any]


async def entered(api: httpx.AsyncClient, path: str, **body: Any) -> Row:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: Row = answer.json()
    return found


async def history(api: httpx.AsyncClient, path: str, **filters: Any) -> list[Row]:
    answer = await api.get(f"{path}/timeline", params=filters)
    assert answer.status_code == 200, answer.text
    found: list[Row] = answer.json()["items"]
    return found


async def sold(api: httpx.AsyncClient) -> tuple[str, str]:
    """The paths of a customer and a deal, with a call, a task and an accepted quote."""
    customer = await entered(api, "/v1/customers", name="Alfreds Futterkiste", currency="EUR")
    deal = await entered(api, "/v1/deals", name="Tea", customer_id=customer["id"], amount="180", currency="EUR")
    about = {"customer_id": customer["id"], "deal_id": deal["id"]}
    await entered(api, "/v1/interactions", channel="call_out", subject="Asked about tea", **about)
    await entered(api, "/v1/tasks", subject="Send the offer", **about)
    product = await entered(api, "/v1/products", sku="TEA-1", name="Tea")
    line = {"product_id": product["id"], "quantity": "10", "unit_price": "18", "tax_rate": "0"}
    quote = await entered(api, "/v1/quotes", customer_id=customer["id"], deal_id=deal["id"], lines=[line])
    for verb in ("send", "accept"):
        answer = await api.post(
            f"/v1/quotes/{quote['id']}/{verb}", json={"submit": False} if verb == "accept" else None
        )
        assert answer.status_code == 200, answer.text
    payment = {"customer_id": customer["id"], "amount": "180", "currency": "EUR", "received_on": "2026-11-20"}
    await entered(api, "/v1/payments", **payment, reference="Bank 7")
    return f"/v1/customers/{customer['id']}", f"/v1/deals/{deal['id']}"


async def test_a_customer_has_all_of_its_records_in_one_order(api: httpx.AsyncClient) -> None:
    customer, _ = await sold(api)
    await api.patch(customer, json={"name": "Alfreds"}, headers={"If-Match": "*"})
    found = await history(api, customer)
    assert [each["type"] for each in found] == [
        "change", "order", "quote", "task", "interaction", "deal", "change", "payment",
    ]  # fmt: skip
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)
    by_type = {each["type"]: each for each in reversed(found)}
    assert (by_type["deal"]["state"], by_type["deal"]["amount"], by_type["deal"]["currency"]) == (
        "won",
        "180.00",
        "EUR",
    )
    assert (by_type["payment"]["title"], by_type["payment"]["at"]) == ("Bank 7", "2026-11-20T23:59:59.999999Z")
    assert found[0]["changes"] == [{"field": "name", "old": "Alfreds Futterkiste", "new": "Alfreds"}]


async def test_a_deal_has_what_followed_from_its_quotes(api: httpx.AsyncClient) -> None:
    _, deal = await sold(api)
    types = [each["type"] for each in await history(api, deal)]
    assert types == ["change", "order", "quote", "task", "interaction", "change"]


async def test_a_timeline_is_read_in_pages_without_repeating_an_entry(api: httpx.AsyncClient) -> None:
    customer, _ = await sold(api)
    everything, found = await history(api, customer), []
    following: str | None = f"{customer}/timeline?limit=2"
    while following:
        page = (await api.get(following)).json()
        found += page["items"]
        following = page["next"]
    assert found == everything


async def test_a_timeline_is_filtered_by_type_and_action(api: httpx.AsyncClient) -> None:
    customer, deal = await sold(api)
    assert [each["type"] for each in await history(api, customer, type=["task", "quote"])] == ["quote", "task"]
    assert {each["type"] for each in await history(api, deal, action="changed")} == {"change"}
    assert await history(api, deal, type="deal") == []


async def test_a_token_sees_what_its_scopes_show(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    customer, _ = await sold(api)
    seller = with_scopes("customers:read activities:read")
    assert {each["type"] for each in await history(seller, customer)} == {"change", "task", "interaction"}
    refused = await seller.get(f"{customer}/timeline", params={"type": "payment"})
    assert (refused.status_code, refused.json()["needed"]) == (403, "payments:read")


async def test_a_timeline_of_another_tenant_is_not_found(api: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    customer, deal = await sold(api)
    assert (await stranger.get(f"{customer}/timeline")).status_code == 404
    assert (await stranger.get(f"{deal}/timeline")).status_code == 404


async def test_a_call_about_an_unknown_deal_is_refused(api: httpx.AsyncClient) -> None:
    body = {"channel": "call_in", "subject": "Hello", "deal_id": "01900000-0000-7000-8000-0000000000ff"}
    assert (await api.post("/v1/interactions", json=body)).json()["type"] == "/problems/reference-unknown"
