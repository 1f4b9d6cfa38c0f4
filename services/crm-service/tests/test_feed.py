"""The feed of events over HTTP: a caller sees the kinds that the token may read."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.db import Sessions, transaction
from chassis.relay import MOVE
from crm.wiring import SERVICE
from sqlalchemy import text

pytestmark = pytest.mark.servers
FEED = "/v1/events"


async def entered(api: httpx.AsyncClient, sessions: Sessions, *paths: str) -> None:
    """Records entered by the API, one after another, whose events the broker has acknowledged."""
    for path in paths:
        answer = await api.post(f"/v1/{path}", json={"name": "Maria Anders"})
        assert answer.status_code == 201, answer.text
    async with transaction(sessions) as session:
        await session.execute(text("select set_config('role', 'crm_worker', true)"))
        ids = (await session.scalars(text("select id from outbox order by id"))).all()
        await session.execute(MOVE, {"ids": list(ids)})
        await session.execute(text("select set_config('role', 'crm_app', true)"))


def kinds(page: dict[str, Any]) -> list[str]:
    return [item["type"].split(".")[1] for item in page["items"]]


async def test_an_event_needs_the_scope_of_its_kind(
    api: httpx.AsyncClient, sessions: Sessions, with_scopes: Callable[[str], httpx.AsyncClient]
) -> None:
    await entered(api, sessions, "customers", "contacts", "customers")
    assert kinds((await api.get(FEED)).json()) == ["customer", "contact", "customer"]
    async with with_scopes("events:read customers:read") as reader:
        assert kinds((await reader.get(FEED)).json()) == ["customer", "customer"]
    async with with_scopes("events:read deals:read") as reader:
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


async def test_every_topic_has_a_scope() -> None:
    assert SERVICE.scopes_of_topics().keys() == set(SERVICE.published())
