"""The feed of events over HTTP: a caller sees the kinds that the token may read."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis import clock
from chassis.db import Sessions, transaction
from chassis.relay import MOVE
from chassis.retention import SENT
from crm.wiring import SERVICE
from sqlalchemy import text

pytestmark = pytest.mark.servers
FEED = "/v1/events"
AS_WORKER = text("select set_config('role', 'crm_worker', true), set_config('app.tenant', '', true)")
AS_APP = text("select set_config('role', 'crm_app', true)")


async def entered(api: httpx.AsyncClient, sessions: Sessions, *paths: str) -> None:
    """Records entered by the API, one after another, whose events the broker has acknowledged."""
    for path in paths:
        answer = await api.post(f"/v1/{path}", json={"name": "Maria Anders"})
        assert answer.status_code == 201, answer.text
    async with transaction(sessions) as session:
        await session.execute(AS_WORKER)
        ids = (await session.scalars(text("select id from outbox order by id"))).all()
        await MOVE.fetch(session, {"ids": list(ids)})
        await session.execute(AS_APP)


def kinds(page: dict[str, Any]) -> list[str]:
    return [item["type"].split(".")[1] for item in page["items"]]


async def test_an_event_needs_the_scope_of_its_kind(
    api: httpx.AsyncClient, sessions: Sessions, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    await entered(api, sessions, "customers", "contacts", "customers")
    assert kinds((await api.get(FEED)).json()) == ["customer", "contact", "customer"]
    async with with_scopes("events:read customers:read") as reader:
        assert kinds((await reader.get(FEED)).json()) == ["customer", "customer"]
    async with with_scopes("events:read jobs:read") as reader:
        refused = await reader.get(FEED)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/no-kind-readable")
        assert "customers:read" in refused.json()["detail"]


async def test_a_limited_caller_goes_on_behind_events_that_are_not_shown(
    api: httpx.AsyncClient, sessions: Sessions, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    await entered(api, sessions, "contacts", "customers", "contacts", "customers", "contacts", "contacts")
    head = (await api.get(FEED)).json()["next"]
    async with with_scopes("events:read customers:read") as reader:
        pages = [(await reader.get(FEED, params={"limit": 1})).json()]
        while pages[-1]["items"]:
            pages.append((await reader.get(FEED, params={"limit": 1, "after": pages[-1]["next"]})).json())
        assert [kinds(page) for page in pages] == [["customer"], ["customer"], []]
        assert pages[-1]["next"] == head
        await entered(api, sessions, "customers")
        assert kinds((await reader.get(FEED, params={"after": head})).json()) == ["customer"]


async def forgotten(sessions: Sessions) -> None:
    """All that was sent is older than the retention."""
    async with transaction(sessions) as session:
        await session.execute(AS_WORKER)
    await SENT.remove(sessions, clock.now() + timedelta(days=1), asyncio.Event())
    async with transaction(sessions) as session:
        await session.execute(AS_APP)


async def test_a_reader_gets_the_newest_of_each_record_and_is_told_from_where_nothing_is_missing(
    api: httpx.AsyncClient, stranger: httpx.AsyncClient, sessions: Sessions
) -> None:
    await entered(stranger, sessions, "customers")
    await entered(api, sessions, "customers", "customers")
    [first, second] = (await api.get(FEED)).json()["items"]
    for number in range(3):
        await api.patch(f"/v1/customers/{first['subject']}", json={"phone": f"030-{number}"}, headers={"If-Match": "*"})
    await entered(api, sessions)
    assert (await api.get(FEED, params={"complete": True})).json()["complete_from"] == 0
    events = (await api.get(FEED)).json()["items"]
    await forgotten(sessions)
    page = (await api.get(FEED, params={"limit": 1})).json()
    assert [item["subject"] for item in page["items"]] == [second["subject"]]
    assert page["complete_from"] == events[-2]["position"]
    rest = (await api.get(FEED, params={"after": page["next"]})).json()
    assert rest["items"] == [events[-1]]
    others = (await stranger.get(FEED, params={"complete": True})).json()
    assert (len(others["items"]), others["complete_from"]) == (1, 0)


async def test_a_reader_for_whom_each_event_counts_is_refused_when_some_are_gone(
    api: httpx.AsyncClient, sessions: Sessions
) -> None:
    await entered(api, sessions, "customers")
    [made] = (await api.get(FEED)).json()["items"]
    for number in range(2):
        await api.patch(f"/v1/customers/{made['subject']}", json={"phone": f"030-{number}"}, headers={"If-Match": "*"})
    await entered(api, sessions)
    await forgotten(sessions)
    for after in (0, made["position"]):
        refused = await api.get(FEED, params={"after": after, "complete": True})
        assert (refused.status_code, refused.json()["type"]) == (410, "/problems/position-expired")
    again = await api.get(FEED, params={"after": refused.json()["complete_from"], "complete": True})
    assert len(again.json()["items"]) == 1


async def test_every_topic_has_a_scope() -> None:
    assert SERVICE.scopes_of_topics().keys() == set(SERVICE.published())
