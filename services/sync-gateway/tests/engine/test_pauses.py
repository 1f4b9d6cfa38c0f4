"""A system that one tenant has paused: the other tenant goes on, and after the pause everything is there, in order."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from chassis.db import Sessions, transaction
from chassis.testing import OTHER_TENANT, TENANT
from gateway.ingest import held_back
from gateway.ingest.consume import Ingest
from gateway.ingest.held_back import HeldBackIngest
from gateway.merge.merge import Merged, merge_event
from gateway.store import pauses, systems
from gateway.store.decisions import DecisionRow
from gateway.store.links import Link
from gateway.store.pauses import HeldBack, Pause
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record

from .hub import SYSTEMS, Hub, ScriptedSpoke

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
async def hub(sessions: Sessions) -> Hub:
    async with transaction(sessions) as session:
        await systems.register(session, ["crm", "erp"])
    return Hub(sessions)


async def pause(hub: Hub, system: str, tenant: UUID = TENANT) -> None:
    async with transaction(hub.sessions, tenant) as session:
        await pauses.pause(session, system, "stella", datetime.now(UTC))


async def resume(hub: Hub, system: str, tenant: UUID = TENANT) -> None:
    async with transaction(hub.sessions, tenant) as session:
        await pauses.resume(session, system, datetime.now(UTC))


async def values(hub: Hub, tenant: UUID = TENANT) -> list[dict[str, Any]]:
    return [record.values() for record in await hub.all(Record) if record.tenant_id == tenant]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What became of each event that was merged, in order."""
    seen: list[str] = []

    def merge(*arguments: Any, **known: Any) -> Merged:
        merged = merge_event(*arguments, **known)
        seen.append(merged.outcome)
        return merged

    monkeypatch.setattr("gateway.ingest.fold.merge_event", merge)
    return seen


def merging(hub: Hub) -> HeldBackIngest:
    return HeldBackIngest(hub.sessions, SYSTEMS)


async def test_the_other_tenants_edits_flow_and_after_the_pause_nothing_is_lost(hub: Hub, outcomes: list[str]) -> None:
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    await pause(hub, "erp")
    numbers = range(2, 40)
    batch = [hub.event("erp", "e1", n, {"phone": f"030-{n}"}, snapshot=ALFKI) for n in numbers]
    theirs = [hub.event("erp", f"x{n}", 1, ALFKI, tenant=OTHER_TENANT) for n in numbers]
    await hub.ingest.handle([each for pair in zip(batch, theirs, strict=True) for each in pair])

    assert await values(hub) == [ALFKI]
    assert len(await values(hub, OTHER_TENANT)) == len(numbers)
    assert await hub.delivering["crm"].step(ScriptedSpoke()) == len(numbers) + 1

    await resume(hub, "erp")
    outcomes.clear()
    await merging(hub).run()

    (merged,) = await values(hub)
    assert merged == {**ALFKI, "phone": "030-39"}
    link = next(link for link in await hub.all(Link) if link.tenant_id == TENANT and link.system == "erp")
    assert link.seen_seq == 39
    assert outcomes == ["merged"] * len(numbers), "each edit was merged, none repaired from a later one"
    assert await hub.all(Pause) == await hub.all(HeldBack) == []


async def test_edits_of_both_sides_during_a_pause_meet_as_concurrent_ones(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await hub.delivering["erp"].step(ScriptedSpoke())
    record = await hub.one(Record)
    local_id = f"new-{record.canonical_id}"
    marks = {"phone": {"seq": 1, "rev": 0, "hlc": 1}}
    await pause(hub, "erp")
    await hub.ingest.handle([hub.event("crm", "c1", 2, {"phone": "030-1"}, snapshot=ALFKI)])
    later = hub.event("erp", local_id, 1, {"phone": "030-2"}, snapshot={**ALFKI, "phone": "030-2"}, sync=marks)
    await hub.ingest.handle([later])
    assert await hub.delivering["erp"].step(ScriptedSpoke()) == 0
    await resume(hub, "erp")
    await merging(hub).run()
    (decision,) = [row for row in await hub.all(DecisionRow) if row.group_key == "phone"]
    assert {head["origin"]: head["value"] for head in decision.heads} == {"crm": "030-1", "erp": "030-2"}


async def test_what_comes_while_a_backlog_is_merged_queues_up_behind_it(
    hub: Hub, outcomes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_back, "BATCH", 2)
    await pause(hub, "erp")
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    await hub.ingest.handle([hub.event("erp", "e1", n, {"phone": f"030-{n}"}, snapshot=ALFKI) for n in (2, 3, 4)])
    await resume(hub, "erp")
    assert await merging(hub).step() == 2
    await hub.ingest.handle([hub.event("erp", "e1", 5, {"phone": "030-5"}, snapshot=ALFKI)])
    assert (await values(hub))[0]["phone"] == "030-2"

    outcomes.clear()
    after_restart = Ingest(hub.sessions, SYSTEMS), merging(hub)
    await after_restart[1].run()
    assert (await values(hub))[0]["phone"] == "030-5"
    assert outcomes == ["merged"] * 3
    await after_restart[0].handle([hub.event("erp", "e1", 6, {"phone": "030-6"}, snapshot=ALFKI)])
    assert (await values(hub))[0]["phone"] == "030-6"
    assert await hub.all(Pause) == []


async def test_a_second_pause_before_the_end_of_the_first_keeps_the_order(hub: Hub) -> None:
    await pause(hub, "erp")
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    await resume(hub, "erp")
    await pause(hub, "erp")
    assert await merging(hub).step() == 0
    await hub.ingest.handle([hub.event("erp", "e1", 2, {"phone": "030-2"}, snapshot=ALFKI)])
    assert await hub.all(Record) == []
    await resume(hub, "erp")
    await merging(hub).run()
    assert await values(hub) == [{**ALFKI, "phone": "030-2"}]


async def test_two_workers_merge_a_backlog_once_and_in_order(
    hub: Hub, outcomes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_back, "BATCH", 3)
    await pause(hub, "erp")
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    await hub.ingest.handle([hub.event("erp", "e1", n, {"phone": f"030-{n}"}, snapshot=ALFKI) for n in range(2, 30)])
    await resume(hub, "erp")
    outcomes.clear()
    await asyncio.gather(merging(hub).run(), merging(hub).run())
    assert outcomes == ["merged"] * 29
    assert await values(hub) == [{**ALFKI, "phone": "030-29"}]


async def test_a_message_that_cannot_be_merged_goes_to_quarantine_alone(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    record = await hub.one(Record)
    await pause(hub, "erp")
    claim = hub.event("erp", "e9", 1, ALFKI, canonical_id=record.canonical_id)
    await hub.ingest.handle([hub.event("erp", "e2", 1, ALFKI), claim, hub.event("erp", "e3", 1, ALFKI)])
    await resume(hub, "erp")
    await merging(hub).run()
    held = await hub.one(Quarantined)
    assert "has linked" in held.error
    assert held.message() == claim
    assert {link.local_id for link in await hub.all(Link)} == {"e1", "e2", "e3"}


async def test_one_tenants_pause_is_not_anothers(hub: Hub) -> None:
    await pause(hub, "erp")
    await resume(hub, "erp", OTHER_TENANT)
    await hub.ingest.handle([hub.event("erp", "e1", 1, ALFKI)])
    assert await hub.all(Record) == []
    assert (await hub.one(Pause)).resumed_at is None
