"""The feed as a page follows it: filters, long polls and server-sent events, while others write and the relay sends."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from chassis import arrivals, feed
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.outbox import OutboxRow
from chassis.relay import MOVE
from chassis.testing import OTHER_TENANT, caller
from crm.wiring import SERVICE
from sqlalchemy import select

from .conftest import SCOPES

pytestmark = pytest.mark.servers
FEED, STREAM = "/v1/events", "/v1/events:stream"


class Company:
    """Two tenants of one service, and its relay. Others commit while a caller waits, so nothing is rolled back."""

    def __init__(self, sessions: Sessions, worker: Sessions) -> None:
        self.worker = worker
        self.anna = caller(SERVICE, sessions, SCOPES)
        self.bert = caller(SERVICE, sessions, SCOPES, OTHER_TENANT, "bert")

    async def enter(self, api: httpx.AsyncClient, path: str = "customers") -> str:
        """The id of a new record whose event has been sent."""
        answer = await api.post(f"/v1/{path}", json={"name": "Maria Anders"})
        assert answer.status_code == 201, answer.text
        async with transaction(self.worker) as session:
            ids = (await session.scalars(select(OutboxRow.id))).all()
            await MOVE.fetch(session, {"ids": ids})
        return str(answer.json()["id"])

    async def read(self, **parameters: Any) -> Any:
        answer = await self.anna.get(FEED, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def company(committed: str) -> AsyncIterator[Company]:
    engines = [create_engine(committed, SERVICE.name, role) for role in ("app", "worker")]
    made = Company(*map(session_factory, engines))
    async with made.anna, made.bert:
        yield made
    for engine in engines:
        await engine.dispose()


def subjects(page: Any) -> list[str]:
    return [item["subject"] for item in page["items"]]


async def test_a_page_asks_for_some_kinds_or_for_one_record(company: Company) -> None:
    start = (await company.read(after="head"))["next"]
    first, contact, second = [
        await company.enter(company.anna, path) for path in ("customers", "contacts", "customers")
    ]
    assert subjects(await company.read(after=start, kinds="contact")) == [contact]
    assert subjects(await company.read(after=start, kinds="contact, customer")) == [first, contact, second]
    assert subjects(await company.read(after=start, record=second)) == [second]
    assert subjects(await company.read(after=start, record=second, kinds="contact")) == []
    assert subjects(await company.read(after="head")) == []


async def test_a_kind_that_does_not_exist_is_named_with_those_that_do(company: Company) -> None:
    refused = await company.anna.get(FEED, params={"kinds": "customer,custmer"})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == "kinds" and "unknown: custmer;" in error["message"] and "contact" in error["message"]


async def test_who_waits_gets_an_event_within_a_second_and_no_other_tenants(company: Company) -> None:
    began = time.monotonic()
    waiting = asyncio.create_task(company.read(after="head", wait=20))
    await asyncio.sleep(0.3)
    await company.enter(company.bert)
    await asyncio.sleep(0.5)
    assert not waiting.done()
    entered, sent = await company.enter(company.anna), time.monotonic()
    assert subjects(await waiting) == [entered]
    assert time.monotonic() - sent < 2 and time.monotonic() - began < 15


async def test_who_waits_in_vain_gets_an_empty_page_and_nobody_reads_on(company: Company) -> None:
    head = (await company.read(after="head"))["next"]
    page = await company.read(after="head", wait=1)
    assert (page["items"], page["next"]) == ([], head)
    await asyncio.sleep(2 * arrivals.LOOK_SECONDS)
    assert not [task for task in asyncio.all_tasks() if "Arrivals._look" in repr(task)]


async def test_a_stream_brings_events_as_they_come_and_continues_where_it_ended(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STREAM_SECONDS", 3)
    streaming = asyncio.create_task(company.anna.get(STREAM, params={"kinds": "customer"}))
    await asyncio.sleep(0.5)
    first = await company.enter(company.anna)
    await company.enter(company.anna, "contacts")
    second = await company.enter(company.anna)
    answer = await streaming
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in each.splitlines() if ": " in line) for each in blocks(answer.text)]
    shown = [orjson.loads(each["data"]) for each in events]
    assert [each["subject"] for each in shown] == [first, second]
    assert [int(each["id"]) for each in events] == [each["position"] for each in shown]
    monkeypatch.setattr(feed, "STREAM_SECONDS", 0)
    rest = await company.anna.get(STREAM, params={"kinds": "customer"}, headers={"Last-Event-ID": events[0]["id"]})
    assert second in rest.text and first not in rest.text


def blocks(text: str) -> list[str]:
    return [each for each in text.replace("\r\n", "\n").split("\n\n") if each.strip() and not each.startswith(":")]


async def test_a_stream_that_may_not_begin_is_refused_with_a_problem(company: Company) -> None:
    head = (await company.read(after="head"))["next"]
    refused = await company.anna.get(STREAM, headers={"Last-Event-ID": str(head + 1)})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/position-beyond-head")


async def test_more_callers_than_a_process_bears_are_told_to_come_back(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_LISTENERS", 0)
    refused = await company.anna.get(FEED, params={"after": "head", "wait": 5})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/too-many-listeners")
    assert refused.headers["Retry-After"] == "5"
    assert (await company.anna.get(FEED)).status_code == 200
