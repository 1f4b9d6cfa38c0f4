"""Discounts on orders obey the limits that quotes obey: by role, against the catalogue's price."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller
from crm.wiring import SERVICE

from .factories import PATH, Shop

pytestmark = pytest.mark.servers
ANY = {"If-Match": "*"}


@pytest.fixture
async def shop(api: httpx.AsyncClient) -> Shop:
    return await Shop.opened(api)


@pytest.fixture
async def as_role(sessions: Sessions) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """Somebody who sells, in a role."""
    scopes = "orders:read orders:write quotes:read quotes:write prices:write"
    yield lambda role: caller(SERVICE, sessions, scopes, subject=role, roles=role)


def lines(shop: Shop, **terms: str) -> list[dict[str, Any]]:
    """One line of Chai, which costs 18."""
    return [{"product_id": shop.products["Chai"], "quantity": "12", **terms}]


@pytest.mark.parametrize(
    "terms", [{"discount": "0.2"}, {"unit_price": "14.4"}, {"unit_price": "16", "discount": "0.1"}]
)
async def test_a_discount_beyond_the_limit_is_refused_however_it_is_given(
    shop: Shop, as_role: Callable[[str], httpx.AsyncClient], terms: dict[str, str]
) -> None:
    refused = await as_role("sales").post(PATH, json=shop.body(lines=lines(shop, **terms)))
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/discount-too-high")
    assert (refused.json()["limit"], refused.json()["who_may"]) == (
        "0.1",
        ["sales-director", "sales-lead", "sales-manager"],
    )
    item = {"body": shop.body(lines=lines(shop, **terms))}
    (result,) = (await as_role("sales").post(f"{PATH}:batch", json={"items": [item]})).json()["items"]
    assert (result["outcome"], result["problem"]["type"]) == ("refused", "/problems/discount-too-high")
    accepted = await as_role("sales-manager").post(PATH, json=shop.body(lines=lines(shop, **terms)))
    assert accepted.status_code == 201, accepted.text


async def test_the_limits_that_a_tenant_declares_hold_for_orders(
    shop: Shop, as_role: Callable[[str], httpx.AsyncClient]
) -> None:
    declared = {"everyone": "0", "roles": {"sales": "0.25"}}
    assert (await as_role("sales").put("/v1/discount-limits", json=declared)).status_code == 200
    assert (await shop.api.post(PATH, json=shop.body(lines=lines(shop, discount="0.01")))).status_code == 403
    assert (await as_role("sales").post(PATH, json=shop.body(lines=lines(shop, discount="0.25")))).status_code == 201


async def test_a_line_that_somebody_else_was_allowed_to_write_stays_as_it_is(
    shop: Shop, as_role: Callable[[str], httpx.AsyncClient]
) -> None:
    sales, body = as_role("sales"), shop.body(lines=lines(shop, discount="0.3"))
    order = (await as_role("sales-manager").post(PATH, json=body)).json()
    kept = {name: order["lines"][0][name] for name in ("id", "product_id", "quantity", "discount")}
    more = await sales.patch(f"{PATH}/{order['id']}", json={"lines": [kept, *lines(shop)]}, headers=ANY)
    assert more.status_code == 200, more.text
    changed = [{**kept, "quantity": "13"}, *lines(shop)]
    assert (await sales.patch(f"{PATH}/{order['id']}", json={"lines": changed}, headers=ANY)).status_code == 403


async def test_what_a_quote_was_allowed_to_give_is_given_by_its_order(
    shop: Shop, as_role: Callable[[str], httpx.AsyncClient]
) -> None:
    quote = {"customer_id": shop.customer, "lines": lines(shop, discount="0.3")}
    made = (await as_role("sales-manager").post("/v1/quotes", json=quote)).json()
    assert (await as_role("sales-manager").post(f"/v1/quotes/{made['id']}/send")).status_code == 200
    client = as_role("sales")
    accepted = await client.post(f"/v1/quotes/{made['id']}/accept", json={})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
