"""Balances and aged receivables over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from erp.finance.balances import commands
from erp.ledger import queries as ledger
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, LIMIT, a_credit, a_customer, a_payment, an_invoice

pytestmark = pytest.mark.servers
ON = {"on": DAY.isoformat()}


async def listed(api: httpx.AsyncClient, path: str, **parameters: str) -> list[dict[str, Any]]:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_balances_are_listed_the_greatest_first(api: httpx.AsyncClient, session: AsyncSession) -> None:
    small, great = await a_customer(session, credit=LIMIT), await a_customer(session, "Berglunds", credit=LIMIT)
    await an_invoice(session, small, "10")
    await an_invoice(session, great, "2000")
    await commands.refresh_changed(session, 100)
    await session.commit()
    assert [item["customer_id"] for item in await listed(api, "/v1/balances")] == [str(great), str(small)]
    (found,) = await listed(api, "/v1/balances", over_limit="true")
    assert (found["open"], found["credit_left"], found["sync"]["state"]) == ("2000.00", "-1000.00", "on_its_way")
    (found,) = await listed(api, "/v1/balances", customer_id=str(small))
    answer = await api.get(f"/v1/balances/{found['id']}")
    assert (answer.json(), answer.headers["ETag"][:3]) == (found, '"1-')


async def test_receivables_are_aged_and_agree_with_the_ledger(api: httpx.AsyncClient, session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    for total, overdue in (("1", 0), ("2", 1), ("4", 30), ("8", 31), ("16", 61), ("32", 91)):
        invoice = await an_invoice(session, customer_id, total, overdue=overdue)
    await a_credit(session, invoice, "5")
    await a_payment(session, customer_id, "20", allocate="none")
    await a_payment(session, customer_id, "3", direction="out")
    await session.commit()
    (found,) = await listed(api, "/v1/receivables", **ON)
    ages = ("not_due", "days_1_30", "days_31_60", "days_61_90", "over_90_days")
    assert [found[age] for age in ages] == ["1.00", "6.00", "8.00", "16.00", "32.00"]
    assert (found["open"], found["overdue"], found["credit"], found["total"]) == ("63.00", "62.00", "22.00", "41.00")
    assert await ledger.balance(session, "receivables", "EUR", customer_id) == 41
    assert found["customer_name"] == "Alfreds Futterkiste"


async def test_receivables_are_found_and_paged(api: httpx.AsyncClient, session: AsyncSession) -> None:
    for n, name in enumerate(("A", "B", "C")):
        customer_id = await a_customer(session, name)
        await an_invoice(session, customer_id, str(10 + n), overdue=n)
        await an_invoice(session, customer_id, "5", currency="USD")
    await session.commit()
    names, address = [], "/v1/receivables?limit=2&sort=-total&on=2026-11-02"
    while address:
        page = (await api.get(address)).json()
        names += [(item["customer_name"], item["currency"]) for item in page["items"]]
        address = page["next"]
    assert [name for name, currency in names if currency == "EUR"] == ["C", "B", "A"]
    assert len(names) == 6
    overdue = await listed(api, "/v1/receivables", overdue="true", currency="EUR", **ON)
    assert [item["customer_name"] for item in overdue] == ["B", "C"]


async def test_open_items_of_a_customer_come_by_their_due_day_and_credits_last(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    young, old = await an_invoice(session, customer_id, "10"), await an_invoice(session, customer_id, "20", overdue=40)
    await an_invoice(session, await a_customer(session, "Berglunds"), "99")
    await a_credit(session, young, "5")
    await a_payment(session, customer_id, "7", allocate="none", reference="E2E-1")
    await session.commit()
    items = await listed(api, f"/v1/receivables/{customer_id}", **ON)
    assert [(item["kind"], item["age"], item["open"]) for item in items[:2]] == [
        ("invoice", "days_31_60", "20.00"),
        ("invoice", "not_due", "10.00"),
    ]
    assert items[0]["number"] == old.number
    assert {(item["kind"], item["open"]) for item in items[2:]} == {("credit_note", "-5.00"), ("payment", "-7.00")}
    assert await listed(api, f"/v1/receivables/{customer_id}", currency="USD") == []


async def test_a_payment_of_nobody_is_no_customers_credit(api: httpx.AsyncClient, session: AsyncSession) -> None:
    await a_payment(session, None, "20")
    await session.commit()
    assert await listed(api, "/v1/receivables") == []


async def test_another_tenant_sees_nothing(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id = await a_customer(session, credit=LIMIT)
    await an_invoice(session, customer_id)
    await commands.refresh_changed(session, 100)
    await session.commit()
    assert len(await listed(api, "/v1/receivables")) == len(await listed(api, "/v1/balances")) == 1
    for path in ("/v1/balances", "/v1/receivables", f"/v1/receivables/{customer_id}"):
        assert await listed(stranger, path) == []


async def test_who_may_not_read_invoices_sees_nothing(with_scopes: Callable[[str], httpx.AsyncClient]) -> None:
    async with with_scopes("customers:read payments:read") as caller:
        for path in ("/v1/balances", "/v1/receivables"):
            assert (await caller.get(path)).status_code == 403
