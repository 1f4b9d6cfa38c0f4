"""A merge hands over what it makes due: it is delivered from memory, and found in the database after a crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from chassis import clock
from chassis.db import Sessions, transaction
from gateway.deliver import loop
from gateway.deliver.lease import Leases
from gateway.deliver.loop import Delivering
from gateway.deliver.spoke import Spoke
from gateway.ingest.consume import Ingest
from gateway.ingest.handing import announce
from gateway.store import pauses
from gateway.store.deliveries import Delivery
from gateway.store.state import State
from gateway.store.systems import SYSTEMS as SYSTEM_ROWS
from sqlalchemy import text, update

from .hub import SYSTEMS, Hub, ScriptedSpoke, until

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
async def hub(sessions: Sessions) -> Hub:
    """A hub whose merges hand over, and in which the ERP has a customer of the CRM."""
    hub = Hub(sessions)
    await hub.with_status()

    def settled(state: State) -> None:
        announce(state, hub.delivering, clock.now())

    hub.delivering = {name: Delivering(sessions, name, SYSTEMS, others=settled) for name in SYSTEMS}
    hub.ingest = Ingest(sessions, SYSTEMS, receivers=hub.delivering)
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await hub.delivering["erp"].step(ScriptedSpoke())
    return hub


@asynccontextmanager
async def delivering(hub: Hub, system: str, spoke: Spoke) -> AsyncIterator[Delivering]:
    """The loop of a system, which takes what is handed over."""
    own, stop = hub.delivering[system], asyncio.Event()
    running = asyncio.create_task(own.run(spoke, stop))
    await until(lambda: _is_ready(own))
    try:
        yield own
    finally:
        stop.set()
        own.due.set()
        await running


async def _is_ready(own: Delivering) -> bool:
    return own._ready


async def edited(hub: Hub, seq: int = 2) -> None:
    values = {"email": f"a{seq}@example.com"}
    await hub.ingest.handle([hub.event("crm", "c1", seq, values, snapshot={**ALFKI, **values})])


async def delivery(hub: Hub, system: str = "erp") -> Delivery:
    rows: list[Delivery] = await hub.all(Delivery)
    (found,) = [each for each in rows if each.system == system]
    return found


async def test_what_is_merged_is_delivered_without_a_lease_of_its_own(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = ScriptedSpoke()
    async with delivering(hub, "erp", erp):
        monkeypatch.setattr(Leases, "take", None)
        await edited(hub)
        await until(lambda: _settled(hub))
    assert [values["email"] for values in erp.values()] == ["a2@example.com"]


async def _settled(hub: Hub) -> bool:
    own = await delivery(hub)
    return own.state == "idle" and own.leased_until is None


async def test_an_answer_is_settled_without_reading_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    async with delivering(hub, "erp", ScriptedSpoke()):
        monkeypatch.setattr(loop, "read_records", None)
        await edited(hub)
        await until(lambda: _settled(hub))


async def test_a_change_during_the_call_is_sent_after_it(hub: Hub) -> None:
    class Editing(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if not self.batches:
                await edited(hub, seq=3)
            return await super().deliver(kind, tenant, items)

    async with delivering(hub, "erp", erp := Editing()):
        await edited(hub)
        await until(lambda: _settled(hub))
    assert [values.get("email") for values in erp.values()] == ["a2@example.com", "a3@example.com"]


async def test_after_a_crash_between_merge_and_delivery_another_worker_delivers(hub: Hub) -> None:
    own = hub.delivering["erp"]
    own._ready = True
    await edited(hub)
    assert await own.step(erp := ScriptedSpoke()) == 0  # The worker that has the lease dies here.
    async with transaction(hub.sessions) as session:
        await session.execute(text("update deliveries set leased_until = now() - interval '1 ms'"))
    other = Delivering(hub.sessions, "erp", SYSTEMS)
    assert await other.step(erp) == 1
    assert erp.values()[-1]["email"] == "a2@example.com"
    assert await _settled(hub)


async def test_a_worker_that_stops_gives_back_what_it_was_handed(hub: Hub) -> None:
    own = hub.delivering["erp"]
    own._ready = True
    await edited(hub)
    assert (await delivery(hub)).leased_until is not None
    (stop := asyncio.Event()).set()
    await own.run(ScriptedSpoke(), stop)
    assert (await delivery(hub)).leased_until is None


async def test_nothing_is_handed_over_for_a_paused_system(hub: Hub) -> None:
    hub.delivering["erp"]._ready = True
    async with transaction(hub.sessions) as session:
        await session.execute(update(SYSTEM_ROWS).where(SYSTEM_ROWS.c.name == "erp").values(paused_at=clock.now()))
    await edited(hub)
    assert (await delivery(hub)).leased_until is None


async def test_nothing_is_handed_over_for_a_tenant_that_has_paused_the_system(hub: Hub) -> None:
    hub.delivering["erp"]._ready = True
    tenant = (await delivery(hub)).tenant_id
    async with transaction(hub.sessions) as session:
        pause = pauses.Pause(tenant_id=tenant, system="erp", paused_at=clock.now(), paused_by="anna")
        session.add(pause)
    await edited(hub)
    assert (await delivery(hub)).leased_until is None


async def test_what_another_system_is_told_meanwhile_is_settled_on_present_rows(hub: Hub) -> None:
    """The receiver's answer finds the author's row changed, so that both are read again under their locks."""

    class Meanwhile(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            async with transaction(hub.sessions) as session:
                await session.execute(
                    text("update deliveries set due_at = now() where system = 'crm' and state = 'pending'")
                )
            await hub.delivering["crm"].step(crm)
            return await super().deliver(kind, tenant, items)

    crm = ScriptedSpoke()
    async with delivering(hub, "erp", Meanwhile()):
        await edited(hub)
        await until(lambda: _settled(hub))
    await hub.delivering["crm"].step(crm)
    assert [item["peers"]["erp"]["state"] for item in crm.items] == ["on_its_way", "in_step"]


async def test_acknowledgements_of_many_records_become_due_together(hub: Hub) -> None:
    events = [hub.event("crm", f"c{n}", 1, {**ALFKI, "email": f"{n}@example.com"}) for n in range(2, 8)]
    for event in events:
        await hub.ingest.handle([event])
    due = {each.due_at for each in await hub.all(Delivery) if each.system == "crm" and each.state == "pending"}
    assert len(due) < len(events)
    assert max(due) - min(due) <= timedelta(seconds=60)
    assert all((each - min(due)) % timedelta(seconds=0.25) == timedelta(0) for each in due)
