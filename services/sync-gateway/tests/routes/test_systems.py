"""Systems and status over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from chassis.db import transaction
from chassis.testing import OTHER_TENANT, TENANT
from gateway.kinds import KINDS
from gateway.store import pauses, refused_kinds
from gateway.store.backlog import Unread, write
from gateway.store.systems import note_health, note_latency, pause
from sqlalchemy import text

from .events import OFFSETS, LocalRecord
from .hub import Hub
from .test_deliveries import REFUSAL
from .test_quarantine import unreadable

pytestmark = pytest.mark.servers

NAME = {"name": "Alfreds Futterkiste", "kind": "company"}


async def test_a_pause_says_who_and_since_when_and_loses_nothing(hub: Hub, client: httpx.AsyncClient) -> None:
    paused = (await client.post("/v1/systems/erp/pause")).json()
    assert (paused["state"], paused["paused_by"]) == ("paused", "stella")
    async with hub.client(sub="otto") as other:
        assert (await other.post("/v1/systems/erp/pause")).json() == paused
    await hub.merge(hub.crm.holds(LocalRecord("crm")).edit({"name": NAME}))
    await hub.deliver()
    systems = {system["name"]: system for system in (await client.get("/v1/systems")).json()["items"]}
    assert (systems["erp"]["pending"], systems["crm"]["pending"]) == (1, 0)
    assert (await client.get("/v1/status")).json()["state"] == "paused"
    resumed = (await client.post("/v1/systems/erp/resume")).json()
    assert (resumed["state"], resumed["paused_by"], resumed["paused_at"]) == ("connected", None, None)
    await hub.deliver()
    assert [row.values["name"] for row in hub.erp.rows.values()] == [NAME]


async def test_a_pause_of_one_tenant_holds_back_its_records_only(hub: Hub, client: httpx.AsyncClient) -> None:
    mine = await hub.enter(hub.crm, {"name": NAME, "phone": "030-1"})
    my_copy = hub.erp.copy_of(str(mine.canonical_id))
    await client.post("/v1/systems/erp/pause")
    theirs = hub.erp.holds(LocalRecord("erp", tenant=OTHER_TENANT))
    await hub.read(my_copy.edit({"phone": "030-2"}), theirs.edit({"name": NAME}), my_copy.edit({"phone": "030-3"}))
    await hub.deliver()
    assert mine.values["phone"] == "030-1"
    assert [row.values["name"] for row in hub.crm.rows.values() if row.tenant == OTHER_TENANT] == [NAME]
    async with hub.client(OTHER_TENANT) as other:
        shown = (await other.get("/v1/systems/erp")).json()
        assert (shown["state"], shown["paused_for"], shown["held_back"]) == ("connected", None, 0)
    shown = (await client.get("/v1/systems/erp")).json()
    assert (shown["state"], shown["paused_for"], shown["held_back"]) == ("paused", "tenant", 2)

    shown = (await client.post("/v1/systems/erp/resume")).json()
    assert (shown["state"], shown["held_back"]) == ("connected", 2)
    assert (await client.get("/v1/status")).json()["state"] == "catching_up"
    await hub.resume()
    await hub.deliver()
    assert mine.values["phone"] == "030-3"
    assert (await client.get("/v1/systems/erp")).json()["held_back"] == 0


async def test_a_record_says_that_its_system_is_paused(hub: Hub, client: httpx.AsyncClient) -> None:
    await client.post("/v1/systems/erp/pause")
    row = await hub.enter(hub.crm, {"name": NAME})
    (found,) = (await client.get("/v1/records/customer")).json()["items"]
    assert found["canonical_id"] == row.canonical_id
    assert found["systems"]["erp"]["reason"].startswith("erp is paused by stella since ")


async def test_pausing_for_all_tenants_needs_the_scope_of_an_operator(hub: Hub, client: httpx.AsyncClient) -> None:
    everyone = {"all_tenants": True}
    for verb in ("pause", "resume"):
        refused = await client.post(f"/v1/systems/erp/{verb}", json=everyone)
        assert (refused.status_code, refused.json()["missing"]) == (403, "sync:operate")
    async with hub.client(OTHER_TENANT, scope="sync:read sync:write sync:operate", sub="olga") as operator:
        paused = (await operator.post("/v1/systems/erp/pause", json=everyone)).json()
        assert (paused["paused_for"], paused["paused_by"]) == ("all_tenants", "olga")
        still = (await client.post("/v1/systems/erp/resume")).json()
        assert (still["state"], still["paused_for"]) == ("paused", "all_tenants")
        await hub.merge(hub.crm.holds(LocalRecord("crm")).edit({"name": NAME}))
        await hub.deliver()
        assert hub.erp.rows == {}
        await operator.post("/v1/systems/erp/resume", json=everyone)
    await hub.deliver()
    assert len(hub.erp.rows) == 1
    assert (await client.post("/v1/systems/erp/pause", json={"everyone": True})).status_code == 422


async def test_an_unknown_system_is_not_found_and_the_answer_names_the_systems(client: httpx.AsyncClient) -> None:
    for verb in ("pause", "resume"):
        refused = await client.post(f"/v1/systems/shop/{verb}")
        assert refused.status_code == 404
        assert refused.json()["detail"] == "It is connected to: crm, erp."


async def test_a_kind_that_a_system_does_not_take_is_shown_to_the_tenant_that_it_concerns(
    hub: Hub, client: httpx.AsyncClient
) -> None:
    async with hub.worker(), transaction(hub.sessions) as session:
        await refused_kinds.note(session, TENANT, "erp", "product", "answered 404: no page", datetime.now(UTC))
    erp = (await client.get("/v1/systems/erp")).json()
    (refused,) = erp["kinds_refused"]
    assert (refused["kind"], refused["reason"], refused["tries"]) == ("product", "answered 404: no page", 1)
    assert refused["again_at"] > refused["since"]
    assert (erp["state"], (await client.get("/v1/status")).json()["state"]) == ("connected", "attention")
    async with hub.client(OTHER_TENANT) as other:
        assert (await other.get("/v1/systems/erp")).json()["kinds_refused"] == []
    assert (await client.get("/v1/systems/shop")).status_code == 404


async def test_the_status_counts_what_there_is(hub: Hub, operator: httpx.AsyncClient) -> None:
    crm = await hub.enter(hub.crm, {"name": NAME, "notes": "first"})
    assert (await operator.get("/v1/status")).json()["state"] == "in_step"
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await hub.merge(crm.edit({"notes": "a"}), erp.edit({"notes": "b"}))
    await hub.read(unreadable())
    async with hub.worker(), transaction(hub.sessions) as session:
        await note_latency(session, "erp", {"p50_seconds": 0.1, "p99_seconds": 0.4, "count": 20})
    status = (await operator.get("/v1/status")).json()
    assert (status["state"], status["conflicts_open"], status["quarantine_held"]) == ("attention", 1, 1)
    assert status["records"] == dict.fromkeys(KINDS, 0) | {"customer": 1}
    assert status["outbox"]["pending"] > 0
    assert {p["topic"]: p["next_offset"] for p in status["positions"]}["crm.customer.v1"] == next(OFFSETS)
    crm_system, erp_system = status["systems"]
    assert (crm_system["name"], crm_system["pending"], crm_system["latency"]) == ("crm", 1, None)
    assert crm_system["oldest_pending_age_seconds"] >= 0
    assert erp_system["latency"] == {"p50_seconds": 0.1, "p99_seconds": 0.4, "count": 20}


async def test_the_one_word_is_the_worst_that_is_so(hub: Hub, client: httpx.AsyncClient) -> None:
    async def word() -> str:
        state: str = (await client.get("/v1/status")).json()["state"]
        return state

    await hub.merge(hub.crm.holds(LocalRecord("crm")).edit({"name": NAME, "email": "a@x.example"}))
    assert await word() == "catching_up"
    await client.post("/v1/systems/crm/pause")
    assert await word() == "paused"
    hub.erp.refuses["email"] = REFUSAL
    await hub.deliver()
    assert await word() == "attention"
    async with hub.worker(), transaction(hub.sessions) as session:
        await note_health(session, "erp", "connection refused")
    assert await word() == "away"
    systems = (await client.get("/v1/systems")).json()["items"]
    assert [(s["state"], s["away_because"]) for s in systems] == [("paused", None), ("away", "connection refused")]


async def test_readiness_names_the_check_that_fails_and_since_when(hub: Hub, client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    async with hub.worker(), transaction(hub.sessions) as session:
        await session.execute(text("update worker_tasks set beat_at = '2026-11-22T09:00:00Z'"))
    refused = await client.get("/readyz")
    (check,) = refused.json()["checks"]
    assert (refused.status_code, refused.json()["failing"]) == (503, "worker")
    assert (check["what"], check["since"]) == ("worker", "2026-11-22T09:00:00+00:00")
    assert (await client.get("/readyz/database")).status_code == 200
    assert (await client.get("/readyz/worker")).status_code == 503
    assert (await client.get("/readyz/weather")).status_code == 404


async def test_the_status_says_what_does_not_move(hub: Hub, client: httpx.AsyncClient) -> None:
    async with hub.worker(), transaction(hub.sessions) as session:
        await session.execute(text("update worker_tasks set beat_at = '2026-11-22T09:00:00Z'"))
    status = (await client.get("/v1/status")).json()
    stopped = {"name": "worker", "since": "2026-11-22T09:00:00Z", "reason": "it does not answer"}
    assert (status["state"], status["troubles"]) == ("stalled", [stopped])


async def test_what_a_paused_system_holds_is_pending(hub: Hub, client: httpx.AsyncClient) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    async with hub.worker(), transaction(hub.sessions) as session:
        await pause(session, "crm", "anna")
        await write(session, {("crm.customer.v1", 0): Unread(0, 3, since, since)})
    status = (await client.get("/v1/status")).json()
    crm = next(system for system in status["systems"] if system["name"] == "crm")
    assert (crm["pending"], crm["unread"], status["state"]) == (3, 3, "paused")
    assert crm["oldest_pending_age_seconds"] >= 300
    assert crm["oldest_unread_age_seconds"] >= 300


async def test_a_suspended_tenant_is_paused_in_every_system_and_keeps_its_own_pauses(hub: Hub) -> None:
    async with hub.client() as client:
        await client.post("/v1/systems/erp/pause")
        async with transaction(hub.sessions, TENANT) as session:
            await pauses.pause_all(session, "operator")
        shown = (await client.get("/v1/systems")).json()["items"]
        assert [(each["name"], each["paused_by"]) for each in shown] == [("crm", "operator"), ("erp", "stella")]
        async with transaction(hub.sessions, TENANT) as session:
            await pauses.resume_all(session, "operator")
        shown = (await client.get("/v1/systems")).json()["items"]
        assert [(each["name"], each["paused_by"]) for each in shown] == [("crm", None), ("erp", "stella")]
