"""The overview of a customer over HTTP, on a real database."""

from collections.abc import Callable

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import time_is
from sqlalchemy import event

from .test_timeline import entered, sold

pytestmark = pytest.mark.servers


async def test_an_overview_has_what_is_open_with_a_customer(api: httpx.AsyncClient) -> None:
    with time_is("2026-11-24T12:00:00+00:00"):
        customer, _ = await sold(api)
        about = {"customer_id": customer.rpartition("/")[2]}
        for amount in ("100.50", "0.25"):
            await entered(api, "/v1/deals", name="More tea", amount=amount, currency="EUR", **about)
        await entered(api, "/v1/tasks", subject="Call", due_at="2026-11-25T09:00:00Z", **about)
        await entered(api, "/v1/tasks", subject="Too late", due_at="2026-11-23T09:00:00Z", **about)
        met = {"channel": "meeting", "subject": "Visit", "started_at": "2026-11-24T10:00:00Z"}
        await entered(api, "/v1/interactions", **met, **about)
        found = (await api.get(f"{customer}/overview")).json()
    assert found["deals"] == [{"currency": "EUR", "count": 2, "amount": "100.75"}]
    assert found["quotes"] == []
    assert found["orders"] == [{"currency": "EUR", "count": 1, "amount": "180.00"}]
    assert found["tasks"] == {"open": 3, "overdue": 1}
    assert found["contact"]["last_at"] == "2026-11-24T10:00:00Z"
    assert found["contact"]["next_at"] == "2026-11-25T09:00:00Z"


async def test_an_overview_costs_one_statement_for_each_part(api: httpx.AsyncClient, sessions: Sessions) -> None:
    customer, _ = await sold(api)
    said: list[str] = []
    event.listen(sessions.kw["bind"].sync_connection, "before_cursor_execute", lambda *call: said.append(call[2]))
    assert (await api.get(f"{customer}/overview")).status_code == 200
    selects = [
        each for each in said if each.lstrip().lower().startswith(("select", "with")) and "set_config" not in each
    ]
    assert len(selects) == 8, "the customer with its legal entities, and six parts"


async def test_a_part_is_hidden_without_its_scope(
    api: httpx.AsyncClient, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    customer, _ = await sold(api)
    found = (await with_scopes("customers:read deals:read").get(f"{customer}/overview")).json()
    assert {name for name, part in found.items() if part is not None} == {"customer_id", "deals"}
