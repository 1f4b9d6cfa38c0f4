"""What the API says of a worker that does not move: read from the database, as another process."""

from datetime import UTC, datetime, timedelta

import pytest
from chassis import health
from chassis.db import Sessions, create_engine, session_factory, transaction
from gateway.api.systems.queries import reading_troubles
from gateway.store import backlog
from gateway.store.backlog import Unread
from gateway.store.systems import pause, register
from sqlalchemy import text

from .hub import Hub

pytestmark = pytest.mark.servers
NAME = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
LONG_AGO = timedelta(minutes=5)


async def troubles(sessions: Sessions) -> list[tuple[str, str]]:
    async with transaction(sessions) as session:
        return [(each.name, each.reason) for each in await health.worker_troubles(session)]


async def beat(sessions: Sessions, **reasons: str) -> None:
    rows = [
        {"name": n, "since": datetime.now(UTC) - LONG_AGO if why else None, "why": why} for n, why in reasons.items()
    ]
    async with transaction(sessions) as session:
        await session.execute(text("delete from worker_tasks"))
        await session.execute(text("insert into worker_tasks values (:name, clock_timestamp(), :since, :why)"), rows)


async def test_a_worker_that_has_not_run_or_is_stopped_is_named_with_its_last_beat(sessions: Sessions) -> None:
    assert await troubles(sessions) == [("worker", "it has not run yet")]
    await beat(sessions, relay="", ingest="")
    assert await troubles(sessions) == []
    async with transaction(sessions) as session:
        await session.execute(text("update worker_tasks set beat_at = beat_at - interval '1 minute'"))
    assert await troubles(sessions) == [("worker", "it does not answer")]


async def test_a_task_that_fails_is_named_and_the_others_are_not(sessions: Sessions) -> None:
    await beat(sessions, relay="", ingest="KafkaError")
    assert await troubles(sessions) == [("ingest", "KafkaError")]


async def test_a_process_writes_all_its_tasks_and_removes_those_that_it_no_longer_has(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_vitals", {})
    await beat(sessions, gone="")
    health.vital("relay").beat()
    health.vital("broker").fails("away: \x00 and \ud800")
    async with transaction(sessions) as session:
        await health.write(session)
        rows = (await session.execute(text("select name, reason from worker_tasks order by name"))).all()
    assert [tuple(row) for row in rows] == [("broker", "away: \\x00 and \\ud800"), ("relay", None)]


async def test_the_api_knows_how_long_the_oldest_event_of_any_tenant_waits(hub_url: str, sessions: Sessions) -> None:
    await Hub(sessions).ingest.handle([Hub(sessions).event("crm", "c1", 1, NAME)])
    engine = create_engine(hub_url, "gateway", "app")
    try:
        async with transaction(session_factory(engine)) as session:
            assert await health.outbox_troubles(session) == []
        async with transaction(sessions) as session:
            await session.execute(text("update outbox set created_at = created_at - interval '5 minutes'"))
        async with transaction(session_factory(engine)) as session:
            assert [each.name for each in await health.outbox_troubles(session)] == ["outbox"]
            assert (await session.execute(text("select * from outbox"))).all() == []
    finally:
        await engine.dispose()


async def test_a_partition_that_does_not_advance_is_a_trouble_unless_its_system_is_paused(sessions: Sessions) -> None:
    since = datetime.now(UTC) - LONG_AGO
    async with transaction(sessions) as session:
        await register(session, ["crm", "erp"])
        await backlog.write(session, {("crm.customer.v1", 3): Unread(7, 2, since, since)})
        assert [each.name for each in await reading_troubles(session)] == ["crm.customer.v1[3]"]
        await pause(session, "crm", "anna")
        assert await reading_troubles(session) == []
        await backlog.write(session, {("crm.customer.v1", 3): None})
        assert await backlog.known(session) == {}
