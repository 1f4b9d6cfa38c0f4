"""Recurring tasks, reminders and the day of an employee."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from access.tenants import Tenant
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow
from chassis.testing import TENANT, brought, caller, delivered, item, time_is
from chassis.worker import Retries
from crm.activities.reminders import commands, handlers
from crm.activities.tasks.models import Task
from crm.wiring import SERVICE
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.servers
SEEN = {"If-Match": "*"}
WEEKLY = {
    "subject": "Call the canteen",
    "due_at": "2026-10-19T06:00:00Z",
    "recurrence": "FREQ=WEEKLY;COUNT=3",
    "time_zone": "Europe/Riga",
    "remind_minutes_before": 30,
    "checks": [{"text": "Ask for the menu", "done": True}],
}


async def in_series(api: httpx.AsyncClient, task: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await api.get("/v1/tasks", params={"series_id": task["id"], "sort": "due_at"})
    ).json()["items"]
    return rows


async def test_completing_a_task_creates_the_next_occurrence_once(api: httpx.AsyncClient) -> None:
    first = (await api.post("/v1/tasks", json=WEEKLY)).json()
    assert (await api.post(f"/v1/tasks/{first['id']}/complete")).status_code == 200
    assert (await api.post(f"/v1/tasks/{first['id']}/complete")).status_code == 200
    _, second = await in_series(api, first)
    assert (second["due_at"], second["reminds_at"]) == ("2026-10-26T07:00:00Z", "2026-10-26T06:30:00Z")
    assert (second["previous_id"], second["state"], second["checks"][0]["done"]) == (first["id"], "open", False)
    moved = {"due_at": "2026-11-01T10:00:00Z"}
    assert (await api.patch(f"/v1/tasks/{second['id']}", json=moved, headers=SEEN)).status_code == 200
    await api.post(f"/v1/tasks/{second['id']}/complete")
    third = (await in_series(api, first))[-1]
    assert third["due_at"] == "2026-11-02T07:00:00Z", "a postponed occurrence does not move the next one"
    await api.post(f"/v1/tasks/{third['id']}/complete")
    assert len(await in_series(api, first)) == 3, "the rule has ended"


async def test_a_task_that_another_system_completes_recurs_too(api: httpx.AsyncClient, session: AsyncSession) -> None:
    first = (await api.post("/v1/tasks", json=WEEKLY)).json()
    canonical = uuid4()
    done = {**item(canonical, rev=2, seen_seq=1, state="done"), "local_id": first["id"]}
    for _ in range(2):
        (outcome,) = await delivered(api, "task", done)
    assert outcome["outcome"] == "already", outcome
    _, second = await in_series(api, first)
    announced = select(func.count()).where(OutboxRow.topic == "crm.task.v1", OutboxRow.key == second["id"])
    assert await session.scalar(announced) == 1


async def test_a_cancelled_task_is_the_last(api: httpx.AsyncClient) -> None:
    first = (await api.post("/v1/tasks", json=WEEKLY)).json()
    await api.post(f"/v1/tasks/{first['id']}/cancel")
    assert len(await in_series(api, first)) == 1


async def test_concurrent_completions_create_one_task(committing: Sessions) -> None:
    async with caller(SERVICE, committing, "activities:read activities:write") as api:
        first = (await api.post("/v1/tasks", json=WEEKLY)).json()
        answers = await asyncio.gather(*(api.post(f"/v1/tasks/{first['id']}/complete") for _ in range(10)))
        assert {each.status_code for each in answers} == {200}
        assert len(await in_series(api, first)) == 2


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"recurrence": "FREQ=MINUTELY"}, "recurrence"),
        ({"due_at": None}, "due_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"remind_at": "2026-10-19T05:00:00Z"}, "remind_at"),
        ({"remind_minutes_before": -1}, "remind_minutes_before"),
    ],
)
async def test_plans_that_cannot_be_kept_are_refused(api: httpx.AsyncClient, values: Any, field: str) -> None:
    refused = await api.post("/v1/tasks", json={**WEEKLY, **values})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text


async def reminders(sessions: Sessions, task: dict[str, Any]) -> list[Any]:
    async with transaction(sessions) as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "crm.task_reminder.v1"))
        return [row for row in rows if task["id"].encode() in row.data]


async def test_a_reminder_that_fails_holds_no_other(working: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "AT_ONCE", 2)
    retries: Retries[UUID] = Retries()
    async with caller(SERVICE, working, "activities:read activities:write") as api:
        broken, *others = [(await api.post("/v1/tasks", json=WEEKLY)).json() for _ in range(5)]
    async with transaction(working, TENANT) as session:
        task = await session.get_one(Task, UUID(broken["id"]))
        session.add(commands._of(task, datetime(2026, 10, 19, tzinfo=UTC)))  # Its reminder cannot be stored again.
    with time_is("2026-10-19T05:30:00Z"):
        await handlers.remind_all(working, retries)
    assert [len(await reminders(working, task)) for task in (broken, *others)] == [0, 1, 1, 1, 1]
    assert retries.later() == [UUID(broken["id"])]


async def test_a_reminder_is_announced_once(api: httpx.AsyncClient, working: Sessions) -> None:
    async with caller(SERVICE, working, "activities:read activities:write") as writer:
        task = (await writer.post("/v1/tasks", json=WEEKLY)).json()
        with time_is("2026-10-19T05:29:59Z"):
            await handlers.remind_all(working)
            assert await handlers.seconds_to_next(working) <= 1
        assert await reminders(working, task) == []
        with time_is("2026-10-19T05:30:00Z"):
            await asyncio.gather(*(handlers.remind_all(working) for _ in range(5)))
        [announced] = await reminders(working, task)
        assert b'"reminds_at":"2026-10-19T05:30:00Z"' in announced.data
        [shown] = (await writer.get("/v1/task-reminders", params={"task_id": task["id"]})).json()["items"]
        assert (shown["reminds_at"], shown["subject"]) == ("2026-10-19T05:30:00Z", task["subject"])
        later = {"remind_minutes_before": 10}
        moved = (await writer.patch(f"/v1/tasks/{task['id']}", json=later, headers=SEEN)).json()
        assert moved["reminded_at"] is None, "another time is another reminder"


async def test_a_failing_announcement_marks_nothing(working: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    async with caller(SERVICE, working, "activities:read activities:write") as api:
        task = (await api.post("/v1/tasks", json=WEEKLY)).json()
        with monkeypatch.context() as broken, time_is("2026-10-19T05:30:00Z"):
            broken.setattr(commands, "announce_once", lambda *_: 1 / 0)
            await handlers.remind_all(working)
        assert (await api.get(f"/v1/tasks/{task['id']}")).json()["reminded_at"] is None
        with time_is("2026-10-19T05:31:00Z"):
            await handlers.remind_all(working)
        assert len(await reminders(working, task)) == 1


async def test_closed_tasks_and_suspended_tenants_are_not_reminded(working: Sessions) -> None:
    async with caller(SERVICE, working, "activities:read activities:write") as api:
        closed = (await api.post("/v1/tasks", json={**WEEKLY, "recurrence": None})).json()
        await api.post(f"/v1/tasks/{closed['id']}/cancel")
        waiting = (await api.post("/v1/tasks", json=WEEKLY)).json()
    now = datetime(2026, 10, 1, tzinfo=UTC)
    async with transaction(working, TENANT) as session:
        session.add(Tenant(tenant_id=TENANT, name="T", created_at=now, suspended_at=now, reason="unpaid"))
    with time_is("2026-10-20T00:00:00Z"):
        await handlers.remind_all(working)
        assert [*await reminders(working, closed), *await reminders(working, waiting)] == []
        async with transaction(working, TENANT) as session:
            await session.execute(delete(Tenant))
        await handlers.remind_all(working)
    assert await reminders(working, closed) == []
    assert len(await reminders(working, waiting)) == 1


async def test_my_day_is_a_day_of_the_employees_time_zone(api: httpx.AsyncClient, session: AsyncSession) -> None:
    nancy = await brought(api, "employee", item(uuid4(), name="Nancy", subject="somebody"))
    zone = {"time_zone": "America/New_York"}
    assert (await api.patch(f"/v1/employees/{nancy}", json=zone, headers=SEEN)).status_code == 200
    for subject, due_at in {
        "early": "2026-03-08T04:59:00Z",
        "late": "2026-03-09T03:59:00Z",
        "next": "2026-03-09T04:00:00Z",
    }.items():
        await api.post("/v1/tasks", json={"subject": subject, "due_at": due_at, "assignee_id": nancy})
    with time_is("2026-03-08T12:00:00Z"):
        day = (await api.get("/v1/tasks:my-day", params={"employee_id": nancy})).json()
    assert (day["day"], day["time_zone"]) == ("2026-03-08", "America/New_York")
    assert [[task["subject"] for task in day[each]] for each in ("overdue", "due")] == [["early"], ["late"]]
    assert (await session.get(Task, UUID(day["due"][0]["id"]))) is not None
    assert (await api.get("/v1/tasks:my-day")).json()["type"] == "/problems/no-employee"
