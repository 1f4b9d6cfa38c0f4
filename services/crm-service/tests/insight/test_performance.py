"""The performance of employees over HTTP, on a real database."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from chassis.testing import brought, time_is
from crm.sales.deals.models import Deal
from crm.sales.leads.models import Lead
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from ..people.factories import employee, team
from ..receivables.factories import delivery, document, line, numbered, settlement
from .test_timeline import entered

pytestmark = pytest.mark.servers
NOVEMBER = {"first_day": "2026-11-01", "last_day": "2026-11-30"}


async def sold(api: httpx.AsyncClient, owner: str, **closing: Any) -> str:
    """The id of the order of a won deal of 100 euros; half of it is invoiced, a part of that paid."""
    customer = await entered(api, "/v1/customers", name="Alfreds", currency="EUR")
    product = (await entered(api, "/v1/products", name="Tea"))["id"]
    priced = {"product_id": product, "quantity": "10", "unit_price": "10"}
    about = {"customer_id": customer["id"], "owner_id": owner}
    deal = await entered(api, "/v1/deals", name="Tea", lines=[priced], **about)
    await api.post(f"/v1/deals/{deal['id']}/win", json=closing)
    of_deal = {"customer_id": customer["id"], "deal_id": deal["id"], "ordered_on": "2026-11-20", "submit": True}
    order = await entered(api, "/v1/orders", lines=[priced], **of_deal)
    groups = {"lines": [line("50", order["lines"][0]["id"])], "settlement": settlement("50", "20")}
    dated = document(1, "50", issued_on="2026-11-25")
    await brought(api, "invoice", delivery(numbered(1), customer=customer["id"], document=dated, **groups))
    return str(order["id"])


async def found(api: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    answer = await api.get("/v1/performance", params={**NOVEMBER, **filters})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_performance_counts_what_employees_did_and_brought(api: httpx.AsyncClient, session: AsyncSession) -> None:
    ann, bob = await employee(api, "Ann"), await employee(api, "Bob")
    with time_is("2026-11-10T12:00:00+00:00"):
        for channel, started in (("call_out", "11-03"), ("call_in", "11-04"), ("meeting", "11-30"), ("note", "11-05")):
            talk = {"channel": channel, "subject": "Tea", "started_at": f"2026-{started}T23:30:00Z"}
            await entered(api, "/v1/interactions", employee_ids=[ann, bob], **talk)
        early = {"channel": "meeting", "subject": "Tea", "started_at": "2026-10-31T09:00:00Z"}
        await entered(api, "/v1/interactions", employee_ids=[ann], **early)
        await entered(api, "/v1/leads", name="Ana Trujillo", owner_id=bob)
        await sold(api, ann, closed_on="2026-11-20")
        lost = await entered(
            api, "/v1/deals", name="Coffee", owner_id=bob,
            customer_id=(await entered(api, "/v1/customers", name="Bolero"))["id"],
        )  # fmt: skip
        await api.post(f"/v1/deals/{lost['id']}/lose", json={"reason": "Price", "closed_on": "2026-11-12"})
    entered_at = datetime(2026, 11, 10, 12, tzinfo=UTC)
    for table in (Deal, Lead):
        await session.execute(update(table).values(created_at=entered_at))
    first, second = await found(api)
    counts = ("name", "calls", "meetings", "leads", "won", "lost", "cycle_days")
    assert [first[name] for name in counts] == ["Ann", 2, 1, 0, 1, 0, "10"]
    assert [second[name] for name in counts] == ["Bob", 2, 1, 1, 0, 1, None]
    assert first["revenue"] == [
        {"currency": "EUR", "ordered": "100.00", "invoiced": "50.00", "paid": "20.00", "won": "100.00"}
    ]
    assert second["revenue"] == []
    assert [each["name"] for each in await found(api, owner_id=bob)] == ["Bob"]
    assert [each["name"] for each in await found(api, team_id=await team(api, "North", ann))] == ["Ann"]
    assert await found(api, first_day="2026-09-01", last_day="2026-09-30") == []


async def test_parts_are_hidden_without_their_scopes(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    await sold(api, await employee(api, "Ann"), closed_on="2026-11-20")
    (shown,) = await found(with_scopes("deals:read"))
    assert {name for name, value in shown.items() if value is None} == {"calls", "meetings", "leads", "revenue"}


@pytest.mark.parametrize("name", ["performance", "forecast", "funnel"])
async def test_figures_are_also_a_chart(api: httpx.AsyncClient, name: str) -> None:
    await sold(api, await employee(api, "<b>Ann</b> #panic()"), closed_on="2026-11-20")
    svg = await api.get(f"/v1/{name}", params={**NOVEMBER, "format": "svg"}, headers={"Accept-Language": "de"})
    assert svg.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(svg.text).tag.endswith("svg")  # noqa: S314  (ours)
    png = await api.get(f"/v1/{name}", params={**NOVEMBER, "format": "png"})
    assert (png.headers["content-type"], png.content[:4]) == ("image/png", b"\x89PNG")
    nothing = await api.get(
        f"/v1/{name}", params={"first_day": "2001-01-01", "last_day": "2001-01-31", "format": "svg"}
    )
    assert nothing.status_code == 200


@pytest.mark.parametrize("name", ["performance", "forecast", "funnel"])
async def test_figures_are_also_a_file_of_the_same_figures(api: httpx.AsyncClient, name: str) -> None:
    await sold(api, await employee(api, "=Ann"), closed_on="2026-11-20")
    answer = await api.get(f"/v1/{name}", params={**NOVEMBER, "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    expected: dict[str, dict[str, str]] = {
        "performance": {"name": "'=Ann", "won": "1", "won_amount": "100.00", "ordered": "100.00", "paid": "20.00"},
        "forecast": {"month": "2026-11-01", "won": "100.00", "open_count": "0"},
        "funnel": {"stage": "qualification"},
    }
    assert {key: rows[0][key] for key in expected[name]} == expected[name]
    assert len(rows) == (4 if name == "funnel" else 1)
