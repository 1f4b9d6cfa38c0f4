"""Discounts on orders obey the limits that a tenant declares by role, against what the price lists say."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.db import Sessions, uuid7
from chassis.testing import caller
from erp.wiring import SERVICE
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_customer, a_product, delivery, line_value

pytestmark = pytest.mark.servers
PATH, LIMITS = "/v1/orders", "/v1/discount-limits"
ANY = {"If-Match": "*"}
BEYOND = [{"discount": "0.2"}, {"unit_price": "8"}, {"unit_price": "9", "discount": "0.1"}]
"""Each gives more of the list price of 10 than `sales` may."""

AsRole = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def as_role(sessions: Sessions) -> AsRole:
    """Somebody who enters orders, in a role."""
    scopes = "orders:read orders:write prices:read prices:write"
    return lambda role: caller(SERVICE, sessions, scopes, subject=role, roles=role)


@pytest.fixture
async def customer_id(session: AsyncSession) -> UUID:
    made: UUID = await a_customer(session)
    return made


@pytest.fixture
async def product_id(session: AsyncSession, customer_id: UUID) -> UUID:
    """Chai, which costs 10."""
    made: UUID = await a_product(session)
    return made


def a_line(product_id: UUID, **terms: str) -> dict[str, Any]:
    return {"product_id": str(product_id), "quantity": "12", "tax_rate": "0", **terms}


def a_body(customer_id: UUID, *lines: dict[str, Any]) -> dict[str, Any]:
    return {"customer_id": str(customer_id), "lines": list(lines)}


@pytest.mark.parametrize("terms", BEYOND)
async def test_a_discount_beyond_the_limit_is_refused_however_it_is_given(
    customer_id: UUID, product_id: UUID, as_role: AsRole, terms: dict[str, str]
) -> None:
    body = a_body(customer_id, a_line(product_id), a_line(product_id, **terms))
    refused = await as_role("sales").post(PATH, json=body)
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (403, "/problems/discount-too-high")
    assert (problem["line"], problem["limit"], problem["who_may"]) == (
        2,
        "0.1",
        ["sales-director", "sales-lead", "sales-manager"],
    )
    (result,) = (await as_role("sales").post(f"{PATH}:batch", json={"items": [{"body": body}]})).json()["items"]
    assert (result["outcome"], result["problem"]["type"]) == ("refused", "/problems/discount-too-high")
    accepted = await as_role("sales-manager").post(PATH, json=body)
    assert accepted.status_code == 201, accepted.text


@pytest.mark.parametrize("terms", BEYOND)
async def test_a_draft_is_not_changed_to_a_discount_beyond_the_limit(
    customer_id: UUID, product_id: UUID, as_role: AsRole, terms: dict[str, str]
) -> None:
    sales = as_role("sales")
    order = (await sales.post(PATH, json=a_body(customer_id, a_line(product_id)))).json()
    patch = {"lines": [{**a_line(product_id), "id": order["lines"][0]["id"], **terms}]}
    refused = await sales.patch(f"{PATH}/{order['id']}", json=patch, headers=ANY)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/discount-too-high")
    item = {"id": order["id"], "version": order["version"], "body": patch}
    (result,) = (await sales.post(f"{PATH}:batch", json={"items": [item]})).json()["items"]
    assert (result["outcome"], result["problem"]["type"]) == ("refused", "/problems/discount-too-high")
    assert (await sales.get(f"{PATH}/{order['id']}")).json() == order


async def test_a_line_that_somebody_else_was_allowed_to_write_stays_as_it_is(
    customer_id: UUID, product_id: UUID, as_role: AsRole
) -> None:
    sales, body = as_role("sales"), a_body(customer_id, a_line(product_id, discount="0.3"))
    order = (await as_role("sales-manager").post(PATH, json=body)).json()
    address = f"{PATH}/{order['id']}"
    noted = await sales.patch(address, json={"notes": "By truck."}, headers=ANY)
    assert noted.status_code == 200, noted.text
    kept = {name: order["lines"][0][name] for name in ("id", "product_id", "quantity", "discount", "unit_price")}
    more = await sales.patch(address, json={"lines": [kept, a_line(product_id)]}, headers=ANY)
    assert more.status_code == 200, more.text
    changed = [{**kept, "quantity": "13"}, a_line(product_id)]
    assert (await sales.patch(address, json={"lines": changed}, headers=ANY)).status_code == 403


async def test_a_price_that_another_customer_is_given_is_a_discount_for_this_one(
    session: AsyncSession, api: httpx.AsyncClient, customer_id: UUID, product_id: UUID, as_role: AsRole
) -> None:
    terms = {"name": "Alfreds", "currency": "EUR", "customer_id": str(customer_id)}
    price_list = (await api.post("/v1/price-lists", json=terms)).json()
    price = {"price_list_id": price_list["id"], "product_id": str(product_id), "min_quantity": "1", "amount": "5"}
    assert (await api.post("/v1/prices", json=price)).status_code == 201
    sales = as_role("sales")
    made = await sales.post(PATH, json=a_body(customer_id, a_line(product_id)))
    assert (made.status_code, made.json()["lines"][0]["unit_price"]) == (201, "5.00")
    other = str(await a_customer(session, name="Bon app"))
    refused = await sales.patch(f"{PATH}/{made.json()['id']}", json={"customer_id": other}, headers=ANY)
    assert (refused.status_code, refused.json()["limit"]) == (403, "0.1")


async def test_the_limits_that_a_tenant_declares_hold(
    customer_id: UUID, product_id: UUID, as_role: AsRole, stranger: httpx.AsyncClient
) -> None:
    sales, declared = as_role("sales"), {"everyone": "0", "roles": {"sales": "0.25"}}
    assert (await sales.get(LIMITS)).json()["version"] == 0
    answer = await sales.put(LIMITS, json=declared)
    assert (answer.status_code, answer.json()) == (200, {**declared, "version": 1})
    assert (await sales.put(LIMITS, json=declared)).status_code == 428
    assert (await stranger.get(LIMITS)).json()["version"] == 0
    little, much = (a_body(customer_id, a_line(product_id, discount=given)) for given in ("0.01", "0.25"))
    assert (await as_role("nobody").post(PATH, json=little)).status_code == 403
    assert (await sales.post(PATH, json=much)).status_code == 201


async def test_limits_are_declared_with_the_scope_of_prices(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    refused = await with_scopes("orders:write prices:read").put(LIMITS, json={"everyone": "1"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope-missing")


async def test_what_another_system_was_allowed_to_give_is_delivered(
    sessions: Sessions, customer_id: UUID, product_id: UUID
) -> None:
    api = caller(SERVICE, sessions, "orders:read replication:write")
    line: dict[str, Any] = {f"line__{uuid7()}": {**line_value(product_id), "discount": "0.9"}}
    dates = {"ordered_on": "1996-07-04", "required_on": None}
    item = delivery(customer=str(customer_id), currency="EUR", dates=dates, state="draft", **line)
    answer = await api.post("/replication/v1/order", json={"items": [item]})
    assert [each["outcome"] for each in answer.json()["items"]] == ["applied"]
    (order,) = (await api.get(PATH)).json()["items"]
    assert [each["discount"] for each in order["lines"]] == ["0.9"]
