"""Owners of before there were employees: each name becomes one employee, and customers refer to it."""

from typing import Any

import httpx
import pytest
from erp.parties.customers import commands
from erp.parties.customers.models import Customer
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers


async def customers(api: httpx.AsyncClient, session: AsyncSession, *owners: str) -> list[str]:
    """Customers that have texts as their owners."""
    ids = []
    for number, owner in enumerate(owners):
        made = (await api.post("/v1/customers", json={"name": f"Customer {number}"})).json()
        await session.execute(update(Customer).where(Customer.id == made["id"]).values(owner=owner))
        ids.append(made["id"])
    return ids


async def employees(api: httpx.AsyncClient) -> dict[str, str]:
    return {each["id"]: each["name"] for each in (await api.get("/v1/employees")).json()["items"]}


async def owners(api: httpx.AsyncClient, ids: list[str]) -> list[tuple[Any, Any]]:
    shown = [(await api.get(f"/v1/customers/{each}")).json() for each in ids]
    names = await employees(api)
    return [(names.get(each["owner_id"]), each["owner_name"]) for each in shown]


async def test_each_name_becomes_one_employee_however_it_is_written(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    ids = await customers(api, session, "Anna Berg", "anna  berg", "ANNA BÉRG", "Ben", "---")
    assert await commands.match_owners(session) == 4
    assert await commands.match_owners(session) == 0
    assert sorted((await employees(api)).values()) == ["Anna Berg", "Ben"]
    assert await owners(api, ids) == [("Anna Berg", None)] * 3 + [("Ben", None), (None, "---")]


async def test_an_employee_of_that_name_is_taken_and_two_leave_the_text_as_it_is(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    for name in ("Anna Berg", "Ben", "ben"):
        await api.post("/v1/employees", json={"name": name})
    ids = await customers(api, session, "anna berg", "Ben")
    assert await commands.match_owners(session) == 1
    assert await owners(api, ids) == [("Anna Berg", None), (None, "Ben")]
    assert len(await employees(api)) == 3


async def test_an_archived_customer_is_matched_when_it_is_restored(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    (customer,) = await customers(api, session, "Anna")
    await api.delete(f"/v1/customers/{customer}", headers={"If-Match": "*"})
    assert await commands.match_owners(session) == 0
    assert await owners(api, [customer]) == [(None, "Anna")]
    await api.post(f"/v1/customers/{customer}/restore")
    assert await commands.match_owners(session) == 1
    assert await owners(api, [customer]) == [("Anna", None)]


async def test_many_customers_are_matched_a_batch_at_a_time(
    api: httpx.AsyncClient, session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "BATCH", 2)
    ids = await customers(api, session, "Anna", "Anna", "Anna")
    assert [await commands.match_owners(session) for _ in range(3)] == [2, 1, 0]
    assert await owners(api, ids) == [("Anna", None)] * 3
    assert len(await employees(api)) == 1
