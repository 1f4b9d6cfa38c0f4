"""Quotas, and forecasts as they were frozen each week, on a real database."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.db import Sessions, transaction
from chassis.testing import OTHER_TENANT, TENANT, caller, time_is
from chassis.worker import Retries
from crm.sales.forecast import commands
from crm.sales.forecast.handlers import freeze_all
from crm.sales.forecast.models import FrozenForecast
from crm.wiring import SERVICE
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ..deals.test_routes import a_customer
from ..people.factories import employee, team

pytestmark = pytest.mark.servers
YEAR = {"first_day": "2026-01-01", "last_day": "2026-12-31"}
Row = dict[str, Any]


async def a_deal(api: httpx.AsyncClient, owner: str, amount: str, day: str, **closing: Any) -> Row:
    about = {"customer_id": await a_customer(api), "owner_id": owner, "amount": amount, "currency": "EUR"}
    made = await api.post("/v1/deals", json={"name": "Tea", "expected_close": day, **about})
    assert made.status_code == 201, made.text
    deal: Row = made.json()
    if closing:
        assert (await api.post(f"/v1/deals/{deal['id']}/win", json=closing)).status_code == 200
    return deal


async def a_quota(api: httpx.AsyncClient, **values: Any) -> Row:
    body = {"first_day": "2026-10-01", "last_day": "2026-12-31", "amount": "1000", "currency": "EUR", **values}
    made = await api.post("/v1/quotas", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def test_a_forecast_compares_quotas_with_the_deals_of_their_periods(api: httpx.AsyncClient) -> None:
    ann, bob = await employee(api, "Ann"), await employee(api, "Bob")
    both = await team(api, "North", ann, bob)
    await a_deal(api, ann, "250", "2026-11-30", closed_on="2026-11-02")
    await a_deal(api, ann, "400", "2026-12-30")
    await a_deal(api, ann, "9999", "2026-09-30", closed_on="2026-09-30")
    await a_deal(api, bob, "50", "2026-11-30", closed_on="2026-11-03")
    of_ann, of_both = await a_quota(api, employee_id=ann), await a_quota(api, team_id=both)
    await a_quota(api, employee_id=bob, currency="USD")
    await a_quota(api, employee_id=bob, first_day="2025-10-01", last_day="2025-12-31")
    answer = await api.get("/v1/forecast", params=YEAR)
    assert answer.status_code == 200, answer.text
    found = {each["id"]: each for each in answer.json()["quotas"]}
    assert len(found) == 3
    names = ("amount", "won", "open", "weighted", "attained")
    assert [found[of_ann["id"]][name] for name in names] == ["1000.00", "250.00", "400.00", "40.00", "0.25"]
    assert [found[of_both["id"]][name] for name in names] == ["1000.00", "300.00", "400.00", "40.00", "0.3"]
    mine = (await api.get("/v1/forecast", params={**YEAR, "owner_id": ann})).json()["quotas"]
    assert [each["id"] for each in mine] == [of_ann["id"]]


async def test_a_quota_is_of_an_employee_or_of_a_team(api: httpx.AsyncClient) -> None:
    ann = await employee(api, "Ann")
    body = {"first_day": "2026-10-01", "last_day": "2026-12-31", "amount": "1000", "currency": "EUR"}
    both = {**body, "employee_id": ann, "team_id": await team(api, "North", ann)}
    turned = {**body, "employee_id": ann, "last_day": "2026-09-30"}
    for refused in (body, both, turned):
        assert (await api.post("/v1/quotas", json=refused)).status_code == 422


async def test_a_frozen_forecast_stays_as_it_was_in_its_week(api: httpx.AsyncClient, sessions: Sessions) -> None:
    ann = await employee(api, "Ann")
    with time_is("2026-11-17T08:00:00+00:00"):
        deal = await a_deal(api, ann, "400", "2026-12-30")
        before = (await api.get("/v1/forecast", params=YEAR)).json()["items"]
        await freeze_all(sessions, Retries[UUID]())
    with time_is("2026-11-18T08:00:00+00:00"):
        await api.post(f"/v1/deals/{deal['id']}/win", json={"closed_on": "2026-11-18"})
        await freeze_all(sessions, Retries[UUID]())
    with time_is("2026-11-23T00:05:00+00:00"):
        await freeze_all(sessions, Retries[UUID]())
    for day, items in (("2026-11-17", before), ("2026-11-22", before), ("2026-11-30", None)):
        found = (await api.get("/v1/forecast", params={**YEAR, "frozen_at": day})).json()
        now = (await api.get("/v1/forecast", params=YEAR)).json()["items"]
        assert found["items"] == (now if items is None else items), day
    assert found["frozen_at"] == "2026-11-23T00:05:00Z"
    early = await api.get("/v1/forecast", params={**YEAR, "frozen_at": "2026-11-15"})
    assert early.status_code == 404
    other = {**YEAR, "frozen_at": "2026-11-17", "pipeline": "other"}
    assert (await api.get("/v1/forecast", params=other)).json()["items"] == []
    months = {"first_day": "2026-12-15", "last_day": "2026-12-20", "frozen_at": "2026-11-17"}
    assert (await api.get("/v1/forecast", params=months)).json()["items"] == before


SELLS = "deals:read deals:write customers:write"


async def frozen(working: Sessions, week: str) -> list[UUID]:
    """The tenants whose forecasts are frozen in a week."""
    wanted = select(FrozenForecast.tenant_id).where(FrozenForecast.week == date.fromisoformat(week))
    async with transaction(working) as session:
        return sorted(await session.scalars(wanted))


async def test_several_workers_freeze_a_forecast_once(working: Sessions) -> None:
    async with caller(SERVICE, working, SELLS) as api:
        await api.post("/v1/deals", json={"name": "Tea", "customer_id": await a_customer(api)})
    with time_is("2026-11-02T08:00:00+00:00"):
        await asyncio.gather(*(freeze_all(working, Retries[UUID]()) for _ in range(5)))
    assert (await frozen(working, "2026-11-02")).count(TENANT) == 1


async def test_a_tenant_that_fails_does_not_stop_the_others(working: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    for tenant in (TENANT, OTHER_TENANT):
        async with caller(SERVICE, working, SELLS, tenant) as api:
            await api.post("/v1/deals", json={"name": "Tea", "customer_id": await a_customer(api)})
    freeze = commands.freeze

    async def failing(session: AsyncSession, *rest: Any) -> bool:
        done = await freeze(session, *rest)
        return done if session.info["tenant"] == OTHER_TENANT else done < 1 / 0

    retries = Retries[UUID]()
    with time_is("2026-11-13T08:00:00+00:00"):
        with monkeypatch.context() as broken:
            broken.setattr(commands, "freeze", failing)
            await freeze_all(working, retries)
        assert (await frozen(working, "2026-11-09"), retries.later()) == ([OTHER_TENANT], [TENANT])
        await freeze_all(working, Retries[UUID]())
    assert await frozen(working, "2026-11-09") == [TENANT, OTHER_TENANT]
