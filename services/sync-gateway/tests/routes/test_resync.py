"""A resync as a job: paced, with progress, restartable, one at a time, in the audit log."""

import asyncio
from typing import Any

import httpx
import pytest
from chassis.db import transaction
from chassis.testing import OTHER_TENANT, TENANT
from gateway.resolve import resyncing
from gateway.resolve.resyncing import RESYNC
from gateway.store.decisions import DecisionRow
from jobs import Runner, Work
from sqlalchemy import func, select, text

from .hub import Hub

pytestmark = pytest.mark.servers
SCOPES = "sync:read sync:write jobs:read jobs:write audit:read"
WHY = {"reason": "The ERP was restored from a backup."}


@pytest.fixture
async def client(hub: Hub) -> Any:
    async with hub.client(scope=SCOPES) as client:
        yield client


async def run(hub: Hub) -> None:
    async with hub.worker():
        assert await Runner(hub.sessions, [RESYNC]).step(asyncio.Event())


async def started(client: httpx.AsyncClient, **body: Any) -> str:
    answer = await client.post("/v1/resync", json={**body, **WHY})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["id"]
    assert answer.headers["Location"] == f"/v1/jobs/{job_id}"
    return job_id


async def shown(client: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/jobs/{job_id}")).json()
    return found


async def logged(hub: Hub) -> int:
    async with transaction(hub.sessions, TENANT) as session:
        found = select(func.count()).select_from(DecisionRow).where(DecisionRow.rule == "resync")
        return await session.scalar(found) or 0


async def entered(hub: Hub, number: int) -> None:
    for each in range(number):
        await hub.enter(hub.crm, {"name": {"name": f"Firm {each}", "kind": "company"}})


@pytest.mark.parametrize(
    ("body", "due"),
    [
        ({"kind": "customer"}, 4),
        ({"kind": "customer", "system": "erp"}, 2),
        ({"kind": "contact"}, 0),
        ({"changed_until": "2020-01-01T00:00:00Z"}, 0),
        ({"changed_since": "2020-01-01T00:00:00Z", "system": "crm"}, 2),
    ],
)
async def test_a_resync_delivers_what_is_chosen(
    hub: Hub, client: httpx.AsyncClient, body: dict[str, str], due: int
) -> None:
    await entered(hub, 2)
    job_id = await started(client, **body)
    await run(hub)
    job = await shown(client, job_id)
    assert (job["state"], job["done"], job["total"], job["result"]) == ("done", due, due, {"due": due})
    assert await logged(hub) == due


async def test_a_resync_of_one_record_brings_back_what_a_system_has_lost(hub: Hub, client: httpx.AsyncClient) -> None:
    name = {"name": "Alfreds Futterkiste", "kind": "company"}
    mine = await hub.enter(hub.crm, {"name": name, "phone": "030-0074321"})
    there = hub.erp.copy_of(str(mine.canonical_id))
    there.values.clear()
    there.sync.clear()
    await started(client, canonical_id=str(mine.canonical_id), system="erp")
    await run(hub)
    await hub.deliver()
    assert (there.values["name"], there.values["phone"]) == (name, "030-0074321")


async def test_a_resync_that_is_cut_off_continues_and_makes_no_record_due_twice(
    hub: Hub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resyncing, "PAGE", 3)
    monkeypatch.setattr(resyncing, "LONGEST_WAIT_SECONDS", 0)
    await entered(hub, 4)
    job_id = await started(client, kind="customer")
    progress, calls = Work.progress, []

    async def killed(work: Work, done: int, total: int | None = None) -> None:
        await progress(work, done, total)
        calls.append(done)
        if len(calls) == 2:
            raise KeyError("killed")

    monkeypatch.setattr(Work, "progress", killed)
    await run(hub)
    assert await logged(hub) == 3
    async with hub.worker(), transaction(hub.sessions) as session:
        await session.execute(text("update jobs set try_at = now()"))
    await run(hub)
    job = await shown(client, job_id)
    assert (job["state"], job["result"]) == ("done", {"due": 8})
    assert await logged(hub) == 8
    assert calls == [0, 3, 3, 6, 8]


async def test_the_next_page_waits_until_most_of_the_last_one_is_answered(
    hub: Hub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resyncing, "PAGE", 2)
    monkeypatch.setattr(resyncing, "POLL_SECONDS", 0)
    waited: list[int] = []
    looked = resyncing._open

    async def answered(*arguments: Any) -> int:
        waited.append(await looked(*arguments))
        return waited[-1] if len(waited) % 2 else 0

    monkeypatch.setattr(resyncing, "_open", answered)
    await entered(hub, 2)
    await started(client, kind="customer")
    await run(hub)
    assert waited == [2, 2]


async def test_a_tenant_has_one_resync_at_a_time(hub: Hub, client: httpx.AsyncClient) -> None:
    first = await started(client, kind="customer")
    refused = await client.post("/v1/resync", json={"kind": "contact", **WHY})
    assert (refused.status_code, refused.json()["type"], refused.json()["job"]) == (
        409,
        "/problems/resync-running",
        first,
    )
    assert (await client.post(f"/v1/jobs/{first}/cancel")).json()["state"] == "cancelled"
    await started(client, kind="contact")
    async with hub.client(OTHER_TENANT, scope=SCOPES) as other:
        await started(other, kind="contact")


async def test_a_resync_is_in_the_audit_log(hub: Hub, client: httpx.AsyncClient) -> None:
    await started(client, kind="customer", system="erp")
    async with hub.worker(), transaction(hub.sessions, TENANT) as session:
        facts = (
            await session.execute(text("select facts from audit_entries where action = 'start_resync'"))
        ).scalar_one()
    assert facts["wanted"] == {"kind": "customer", "system": "erp", **WHY}


async def test_wrong_input_is_refused(hub: Hub, client: httpx.AsyncClient) -> None:
    for body, status in (
        (WHY, 422),
        ({"kind": "customer"}, 422),
        ({"kind": "customer", "after": "x", **WHY}, 422),
        ({"system": "shop", **WHY}, 404),
    ):
        refused = await client.post("/v1/resync", json=body)
        assert refused.status_code == status, body
        assert refused.json()["hint"]
    async with hub.client(scope="sync:read jobs:read") as reader:
        assert (await reader.post("/v1/resync", json={"kind": "customer", **WHY})).status_code == 403
