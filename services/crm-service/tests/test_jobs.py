"""Jobs: leased, restarted, cancelled, each apart from the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.db import JsonObject, Sessions, create_engine, session_factory, transaction
from chassis.errors import Conflict
from chassis.testing import OTHER_TENANT, TENANT, caller
from crm.wiring import SERVICE
from jobs import FINISHED_JOBS, Job, JobKind, Runner, Work, commands
from jobs.models import JobState
from sqlalchemy import delete, select, text, update

SUSPEND = "insert into tenants (tenant_id, name, created_at, suspended_at) values (:id, '', now(), now())"
pytestmark = pytest.mark.servers
Run = Callable[[Work], Awaitable[JsonObject]]


class Refused(Conflict):
    code = "test-refused"
    title = "It is refused"
    detail = "The file is empty."
    hint = "Send another file."


@pytest.fixture
async def sessions(committed: str) -> AsyncIterator[Sessions]:
    """Those of the worker; what they commit is removed after the test."""
    engine = create_engine(committed, SERVICE.name, "worker", pool_size=10)
    yield session_factory(engine)
    async with engine.begin() as connection:
        await connection.execute(delete(Job))
    await engine.dispose()


@pytest.fixture
async def api(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(SERVICE, sessions, "jobs:read jobs:write") as client:
        yield client


async def enqueued(sessions: Sessions, kind: str = "count", tenant: UUID = TENANT, **arguments: Any) -> UUID:
    async with transaction(sessions, tenant) as session:
        return (await commands.enqueue(session, kind, arguments, "anna")).id


async def row(sessions: Sessions, job_id: UUID) -> Job:
    async with transaction(sessions) as session:
        return await commands.by_id(session, job_id)


async def lease_expires(sessions: Sessions) -> None:
    """As if the worker that has it were dead."""
    async with transaction(sessions) as session:
        await session.execute(text("update jobs set leased_until = now() - interval '1 second'"))


async def due_now(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await session.execute(text("update jobs set try_at = now()"))


def runner(sessions: Sessions, run: Run, kind: str = "count") -> Runner:
    return Runner(sessions, [JobKind(kind, run)])


async def count(work: Work) -> JsonObject:
    for number in range(1, 4):
        await work.progress(number, 3)
    return {"counted": 3, "actor": work.actor, **work.arguments}


async def test_a_job_runs_and_shows_its_progress_and_result(sessions: Sessions, api: httpx.AsyncClient) -> None:
    job_id = await enqueued(sessions, colour="red")
    seen: list[dict[str, Any]] = []

    async def run(work: Work) -> JsonObject:
        await work.progress(1, 3)
        seen.append((await api.get(f"/v1/jobs/{job_id}")).json())
        return await count(work)

    assert (await api.get(f"/v1/jobs/{job_id}")).json()["state"] == "queued"
    assert await runner(sessions, run).step(asyncio.Event())
    assert (seen[0]["state"], seen[0]["done"], seen[0]["total"]) == ("running", 1, 3)
    shown = (await api.get(f"/v1/jobs/{job_id}")).json()
    assert (shown["state"], shown["done"], shown["total"], shown["error"]) == ("done", 3, 3, None)
    assert shown["result"] == {"counted": 3, "actor": "anna", "colour": "red"}
    assert shown["finished_at"] is not None
    assert not await runner(sessions, run).step(asyncio.Event())


async def test_jobs_are_listed_by_state_and_kind_within_their_tenant(
    sessions: Sessions, api: httpx.AsyncClient
) -> None:
    first, second = await enqueued(sessions), await enqueued(sessions, "other")
    await enqueued(sessions, tenant=OTHER_TENANT)
    assert await runner(sessions, count).step(asyncio.Event())

    async def listed(**parameters: str) -> list[str]:
        return [item["id"] for item in (await api.get("/v1/jobs", params=parameters)).json()["items"]]

    assert await listed() == [str(second), str(first)]
    assert await listed(state="done") == [str(first)]
    assert await listed(kind="other") == [str(second)]
    async with caller(SERVICE, sessions, "jobs:read", OTHER_TENANT) as stranger:
        assert (await stranger.get(f"/v1/jobs/{first}")).status_code == 404


async def test_a_job_whose_worker_died_is_run_again_and_the_dead_one_writes_nothing(sessions: Sessions) -> None:
    job_id = await enqueued(sessions)
    dead = await runner(sessions, count).take(asyncio.Event())
    assert dead is not None
    assert await runner(sessions, count).take(asyncio.Event()) is None
    await lease_expires(sessions)
    assert await runner(sessions, count).step(asyncio.Event())
    await runner(sessions, count).attempt(dead)
    found = await row(sessions, job_id)
    assert (found.state, found.tries) == ("done", 2)


async def test_what_a_worker_writes_after_it_has_lost_the_lease_is_rolled_back(sessions: Sessions) -> None:
    job_id, other = await enqueued(sessions), await enqueued(sessions, "other")

    async def late(work: Work) -> JsonObject:
        await lease_expires(sessions)
        await runner(sessions, count).step(asyncio.Event())
        async with work.transaction() as session:
            await session.execute(update(Job).where(Job.id == other).values(kind="changed"))
        return {}

    assert await runner(sessions, late).step(asyncio.Event())
    assert (await row(sessions, job_id)).result == {"counted": 3, "actor": "anna"}
    assert (await row(sessions, other)).kind == "other"


async def test_a_job_that_fails_is_tried_again_after_a_pause_and_holds_up_no_other(sessions: Sessions) -> None:
    broken = await enqueued(sessions)

    async def fail_once(work: Work) -> JsonObject:
        if work.id == broken and work.tries == 1:
            raise RuntimeError
        return await count(work)

    desk = runner(sessions, fail_once)
    assert await desk.step(asyncio.Event())
    found = await row(sessions, broken)
    assert (found.state, found.error) == ("queued", "An internal error: RuntimeError.")
    other = await enqueued(sessions)
    assert [await desk.step(asyncio.Event()) for _ in range(2)] == [True, False]
    assert (await row(sessions, other)).state == "done"
    await due_now(sessions)
    assert await desk.step(asyncio.Event())
    found = await row(sessions, broken)
    assert (found.state, found.error) == ("done", None)


async def test_a_job_that_a_rule_refuses_fails_at_once_and_says_why(sessions: Sessions) -> None:
    job_id = await enqueued(sessions)

    async def refused(_work: Work) -> JsonObject:
        raise Refused

    assert await runner(sessions, refused).step(asyncio.Event())
    found = await row(sessions, job_id)
    assert (found.state, found.error) == ("failed", "It is refused. The file is empty. Send another file.")


async def test_a_job_that_never_ends_well_fails_in_the_end(sessions: Sessions) -> None:
    job_id = await enqueued(sessions)
    async with transaction(sessions) as session:
        await session.execute(update(Job).values(tries=10))
    assert await runner(sessions, count).take(asyncio.Event()) is None
    found = await row(sessions, job_id)
    assert (found.state, found.error) == ("failed", "It did not complete in 10 attempts.")


async def test_a_queued_job_is_cancelled_at_once(sessions: Sessions, api: httpx.AsyncClient) -> None:
    job_id = await enqueued(sessions)
    answers = [await api.post(f"/v1/jobs/{job_id}/cancel") for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["cancelled", "cancelled"]
    assert not await runner(sessions, count).step(asyncio.Event())


async def test_a_running_job_is_cancelled_at_its_next_step(sessions: Sessions, api: httpx.AsyncClient) -> None:
    job_id = await enqueued(sessions)
    steps = []

    async def run(work: Work) -> JsonObject:
        for number in range(3):
            steps.append(number)
            answer = await api.post(f"/v1/jobs/{job_id}/cancel")
            assert (answer.json()["state"], answer.json()["cancel_requested"]) == ("running", True)
            await work.progress(number)
        return {}

    assert await runner(sessions, run).step(asyncio.Event())
    assert ((await row(sessions, job_id)).state, steps) == ("cancelled", [0])
    assert await runner(sessions, run).take(asyncio.Event()) is None


async def test_a_job_that_is_over_cannot_be_cancelled(sessions: Sessions, api: httpx.AsyncClient) -> None:
    job_id = await enqueued(sessions)
    await runner(sessions, count).step(asyncio.Event())
    answer = await api.post(f"/v1/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/job-over")


async def test_a_worker_that_stops_gives_its_jobs_back(sessions: Sessions) -> None:
    job_id = await enqueued(sessions)
    stop, begun = asyncio.Event(), asyncio.Event()

    async def endless(work: Work) -> JsonObject:
        while True:
            begun.set()
            await work.progress(1)
            await asyncio.sleep(0)

    running = asyncio.create_task(runner(sessions, endless).run(stop))
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)
    found = await row(sessions, job_id)
    assert (found.state, found.lease, found.tries) == ("queued", None, 0)


async def test_one_job_of_a_tenant_runs_at_a_time_and_other_tenants_go_on(sessions: Sessions) -> None:
    await enqueued(sessions)
    await enqueued(sessions)
    theirs = await enqueued(sessions, tenant=OTHER_TENANT)
    desk = runner(sessions, count)
    first, second = await desk.take(asyncio.Event()), await desk.take(asyncio.Event())
    assert first is not None
    assert second is not None
    assert (first.tenant, second.id) == (TENANT, theirs)
    assert await desk.take(asyncio.Event()) is None


async def test_finished_jobs_expire(sessions: Sessions) -> None:
    done, waiting = await enqueued(sessions), await enqueued(sessions, "other")
    await runner(sessions, count).step(asyncio.Event())
    finished = (await row(sessions, done)).finished_at
    assert finished is not None
    assert FINISHED_JOBS in SERVICE.expiring
    before = finished.replace(year=finished.year + 1)
    assert await FINISHED_JOBS.remove(sessions, before, asyncio.Event(), batch=1) == 1
    async with transaction(sessions) as session:
        assert list(await session.scalars(select(Job.id))) == [waiting]
    assert JobState((await row(sessions, waiting)).state) is JobState.QUEUED


async def test_jobs_of_a_suspended_tenant_wait_and_those_of_others_run(sessions: Sessions) -> None:
    waits, runs = await enqueued(sessions), await enqueued(sessions, tenant=OTHER_TENANT)
    async with transaction(sessions) as session:
        suspended = text(
            "insert into tenants (tenant_id, name, created_at, suspended_at) values (:id, '', now(), now())"
        )
        await session.execute(suspended, {"id": TENANT})
    try:
        assert await runner(sessions, count).step(asyncio.Event())
        assert not await runner(sessions, count).step(asyncio.Event())
        assert (await row(sessions, waits)).state == JobState.QUEUED
        assert (await row(sessions, runs)).state == JobState.DONE
    finally:
        async with transaction(sessions) as session:
            await session.execute(text("delete from tenants where tenant_id = :id"), {"id": TENANT})
    assert await runner(sessions, count).step(asyncio.Event())
    assert (await row(sessions, waits)).state == JobState.DONE
