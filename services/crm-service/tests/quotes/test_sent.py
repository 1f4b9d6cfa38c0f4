"""What was sent is printed as it was sent; an offer does not end before it is made."""

from typing import Any

import httpx
import pytest
from chassis.testing import time_is
from crm.sales.quotes.models import SentQuote
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from .test_routes import Body, a_customer, a_quote

pytestmark = pytest.mark.servers
ADDRESS: Body = {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"}


async def sent(api: httpx.AsyncClient, **values: Any) -> str:
    """The address of a quote that was sent to a customer in Berlin, by the company of that time."""
    await api.put("/v1/letterhead", json={"name": "Northwind Traders", "details": ["Phone 1"]})
    customer_id = await a_customer(api, billing_address=ADDRESS, language="de")
    quote = await a_quote(api, customer_id=customer_id, **values)
    address = f"/v1/quotes/{quote['id']}"
    assert (await api.post(f"{address}/send")).status_code == 200
    return address


async def everything_changes(api: httpx.AsyncClient, address: str) -> None:
    head = await api.put("/v1/letterhead", json={"name": "Southwind"}, headers={"If-Match": '"1"'})
    assert head.status_code == 200, head.text
    template = await api.put("/v1/document-templates/quote", json={"source": "Nothing"})
    assert template.status_code == 200, template.text
    customer_id = (await api.get(address)).json()["customer_id"]
    patch = {"name": "Somebody else", "language": "fr", "billing_address": {**ADDRESS, "city": "Paris"}}
    changed = await api.patch(f"/v1/customers/{customer_id}", json=patch, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text


@pytest.mark.parametrize("asked", ["", "?revision=1"])
@pytest.mark.parametrize("step", [None, "accept", "decline"])
async def test_a_sent_quote_is_printed_as_it_was_sent(api: httpx.AsyncClient, asked: str, step: str | None) -> None:
    address = await sent(api)
    before = (await api.get(f"{address}/pdf{asked}")).content
    if step:
        assert (await api.post(f"{address}/{step}", json={})).status_code == 200
    await everything_changes(api, address)
    assert (await api.get(f"{address}/pdf{asked}")).content == before
    (version,) = (await api.get(f"{address}/versions")).json()["items"]
    assert (version["paper"]["name"], version["paper"]["language"]) == ("Alfreds Futterkiste", "de")
    assert version["paper"]["letterhead"]["name"] == "Northwind Traders"


async def test_the_day_on_the_paper_stays_when_the_time_zone_changes(api: httpx.AsyncClient) -> None:
    with time_is("2026-11-22T23:30:00+00:00", "Asia/Tokyo"):
        address = await sent(api)
        before = (await api.get(f"{address}/pdf")).content
    assert (await api.get(f"{address}/versions")).json()["items"][0]["paper"]["day"] == "2026-11-23"
    assert (await api.get(f"{address}/pdf")).content == before


async def test_a_draft_is_printed_as_it_would_be_sent_now(api: httpx.AsyncClient) -> None:
    address = await sent(api)
    before = (await api.get(f"{address}/pdf")).content
    await api.post(f"{address}/revise")
    await everything_changes(api, address)
    assert (await api.get(f"{address}/pdf")).content != before
    assert (await api.get(f"{address}/pdf?revision=1")).content == before


async def test_a_quote_that_an_older_version_sent_stays_as_it_is_first_printed(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    address = await sent(api)
    await session.execute(update(SentQuote).values(paper=None))
    await session.commit()
    first = (await api.get(f"{address}/pdf")).content
    await everything_changes(api, address)
    assert (await api.get(f"{address}/pdf")).content == first


async def test_an_offer_does_not_end_before_it_is_made(api: httpx.AsyncClient) -> None:
    body = {"customer_id": await a_customer(api), "lines": []}
    with time_is("2026-11-22T23:30:00+00:00", "Asia/Tokyo"):
        refused = await api.post("/v1/quotes", json={**body, "valid_until": "2026-11-22"})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/validity-over")
        assert (refused.json()["valid_until"], refused.json()["today"]) == ("2026-11-22", "2026-11-23")
        today = await api.post("/v1/quotes", json={**body, "valid_until": "2026-11-23"})
        assert today.status_code == 201, today.text
    patch = {"valid_until": "2026-11-21"}
    address = f"/v1/quotes/{today.json()['id']}"
    with time_is("2026-11-23T10:00:00+00:00"):
        assert (await api.patch(address, json=patch, headers={"If-Match": "*"})).status_code == 409


async def test_a_draft_whose_day_has_passed_is_changed_but_not_sent(api: httpx.AsyncClient) -> None:
    with time_is("2026-11-22T12:00:00+00:00"):
        quote = await a_quote(api, valid_until="2026-11-22")
    address = f"/v1/quotes/{quote['id']}"
    with time_is("2026-11-23T12:00:00+00:00"):
        changed = await api.patch(address, json={"introduction": "Hello"}, headers={"If-Match": "*"})
        assert changed.status_code == 200, changed.text
        refused = await api.post(f"{address}/send")
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/validity-over")


async def test_a_new_version_holds_until_the_day_that_is_named(api: httpx.AsyncClient) -> None:
    with time_is("2026-11-22T12:00:00+00:00"):
        address = await sent(api, valid_until="2026-11-22")
    with time_is("2026-12-01T12:00:00+00:00"):
        refused = await api.post(f"{address}/revise", json={"valid_until": "2026-11-30"})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/validity-over")
        revised = await api.post(f"{address}/revise", json={"valid_until": "2026-12-31"})
        assert (revised.json()["state"], revised.json()["valid_until"]) == ("draft", "2026-12-31")
        assert (await api.post(f"{address}/send")).json()["state"] == "sent"
