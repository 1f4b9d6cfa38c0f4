"""A system that is registered while the hub runs: what it is sent, of which tenants, and when it is removed."""

import asyncio
from typing import Any

import pytest
from chassis.db import Sessions, create_engine, transaction
from chassis.testing import OTHER_TENANT, TENANT
from contracts.kinds import Access
from contracts.kinds.table import READS, WRITES
from gateway.deliver.loop import Delivering
from gateway.ingest.consume import Ingest
from gateway.kinds.holders import Limited, source_topics
from gateway.store.deliveries import Delivery
from gateway.store.holding import hold, stored
from gateway.store.quarantine import Quarantined
from gateway.store.registrations import Registration, connect, disconnect, forget_removed, registrations
from gateway.store.systems import all_systems
from gateway.worker.poll import Poll
from sqlalchemy import text

from .hub import SYSTEMS, Hub, ScriptedSpoke
from .test_holders import ALFKI, CHAI, brought_up_to_date, everything, kinds_of


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


def shop(kinds: dict[str, Access], tenants: list[str] | None = None, events: Any = "kafka") -> Registration:
    return Registration("http://shop.test", "shop", kinds, tenants, events, [], "olga", "2026-11-28T12:00:00Z")


async def registered(hub: Hub, wanted: Registration) -> None:
    """Register the shop; the worker notices it, and ingest is told nothing."""
    async with transaction(hub.sessions) as session:
        await connect(session, "shop", wanted)
    await noticed(hub)


async def noticed(hub: Hub) -> None:
    async with transaction(hub.sessions) as session:
        await hold(session, {name: each.held for name, each in (await registrations(session)).items()})
        await forget_removed(session)
        holdings = await stored(session)
    hub.delivering["shop"] = Delivering(hub.sessions, "shop", holdings)


async def test_a_system_that_registers_gets_what_there_is_and_what_comes(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await registered(hub, shop({"customer": WRITES, "product": READS}))
    spoke = ScriptedSpoke()
    await brought_up_to_date(hub, spoke)
    assert [values["name"] for values in spoke.values()] == [ALFKI["name"]]
    await hub.ingest.handle([hub.event("crm", "p1", 1, CHAI, kind="product")])
    await everything(hub, spoke)
    assert [values["name"] for values in spoke.values()] == [ALFKI["name"], CHAI["name"]]


async def test_it_is_merged_at_once_though_its_process_was_not_told(hub: Hub) -> None:
    await registered(hub, shop({"customer": WRITES}))
    await hub.ingest.handle([hub.event("shop", "s1", 1, ALFKI)])
    assert await hub.all(Quarantined) == []
    assert {delivery.system for delivery in await hub.all(Delivery)} == {"crm", "erp", "shop"}


async def test_it_never_gets_a_record_of_a_tenant_for_which_it_is_not_registered(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c2", 1, ALFKI, tenant=OTHER_TENANT)])
    await registered(hub, shop({"customer": WRITES}, [str(TENANT)]))
    spoke = ScriptedSpoke()
    await brought_up_to_date(hub, spoke)
    await hub.ingest.handle([hub.event("crm", "c3", 1, ALFKI, tenant=OTHER_TENANT)])
    await hub.ingest.handle([hub.event("crm", "c2", 2, {"phone": "030-2"}, snapshot=ALFKI, tenant=OTHER_TENANT)])
    await brought_up_to_date(hub, spoke)
    assert len(spoke.items) == 1
    assert {delivery.tenant_id for delivery in await hub.all(Delivery) if delivery.system == "shop"} == {TENANT}


async def test_it_cannot_announce_a_record_of_another_tenant_or_in_the_name_of_another_system(hub: Hub) -> None:
    await registered(hub, shop({"customer": WRITES}, [str(TENANT)]))
    forged = hub.event("crm", "c9", 1, ALFKI)
    await hub.ingest.handle(
        [
            hub.event("shop", "s1", 1, ALFKI, tenant=OTHER_TENANT),
            hub.message("shop.customer.v1", forged.value or b"", forged.headers),
        ]
    )
    assert [held.error for held in await hub.all(Quarantined)] == [
        "shop is not registered for this tenant",
        "an event of crm is in the topic shop.customer.v1 of another system",
    ]
    assert await hub.all(Delivery) == []


async def test_more_tenants_are_brought_up_to_date_and_fewer_lose_what_was_due(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c2", 1, ALFKI, tenant=OTHER_TENANT)])
    await registered(hub, shop({"customer": READS}, [str(TENANT)]))
    spoke = ScriptedSpoke()
    await brought_up_to_date(hub, spoke)
    await registered(hub, shop({"customer": READS}))
    await brought_up_to_date(hub, spoke)
    assert len({item["canonical_id"] for item in spoke.items}) == 2
    await registered(hub, shop({"customer": READS}, [str(OTHER_TENANT)]))
    assert {each.tenant_id for each in await hub.all(Delivery) if each.system == "shop"} == {OTHER_TENANT}


async def test_a_removed_system_gets_nothing_and_may_join_again(hub: Hub) -> None:
    await registered(hub, shop({"customer": WRITES}))
    await hub.ingest.handle([hub.event("shop", "s1", 1, ALFKI)])
    async with transaction(hub.sessions) as session:
        await disconnect(session, "shop")
    await hub.ingest.handle([hub.event("crm", "c2", 1, {**ALFKI, "name": {"name": "Bolido", "kind": "company"}})])
    assert len([each for each in await hub.all(Delivery) if each.system == "shop"]) == 1
    await noticed(hub)
    assert kinds_of(await hub.all(Delivery)) == set()
    async with transaction(hub.sessions) as session:
        assert [row["name"] for row in await all_systems(session)] == []
    await hub.ingest.handle([hub.event("shop", "s1", 2, {"phone": "030-2"}, snapshot=ALFKI)])
    assert [held.error for held in await hub.all(Quarantined)] == ["there is no system 'shop'; there are crm, erp"]

    await registered(hub, shop({"customer": WRITES}))
    spoke = ScriptedSpoke()
    await brought_up_to_date(hub, spoke)
    assert sorted(item["local_id"] or "" for item in spoke.items) == ["", "s1"]


async def test_a_merge_that_waits_for_a_registration_knows_the_system(hub: Hub) -> None:
    async with transaction(hub.sessions) as session:
        await connect(session, "shop", shop({"customer": WRITES}))
        merging = asyncio.create_task(hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)]))
        while not await session.scalar(text("select exists (select from pg_locks where not granted)")):  # noqa: ASYNC110 (a lock has no event)
            await asyncio.sleep(0.01)
    await asyncio.wait_for(merging, 20)
    assert {delivery.system for delivery in await hub.all(Delivery)} == {"crm", "erp", "shop"}


async def test_settings_win_over_a_registration(hub: Hub) -> None:
    await registered(hub, shop({"product": READS}))
    holdings = {**SYSTEMS, "shop": {"customer": WRITES}}
    ingest = Ingest(hub.sessions, holdings)
    await ingest.handle([hub.event("shop", "s1", 1, ALFKI)])
    assert await hub.all(Quarantined) == []


async def test_workers_notice_a_registration_by_their_poll(hub: Hub, hub_url: str) -> None:
    poll, engine = Poll(SYSTEMS), create_engine(hub_url, "gateway", "worker")
    await poll.look(engine)
    poll.registered.clear()
    await poll.look(engine)
    assert not poll.registered.is_set()
    await registered(hub, shop({"customer": WRITES}))
    await poll.look(engine)
    assert poll.registered.is_set() and poll.topics_changed.is_set()
    await engine.dispose()


def test_no_topics_are_read_of_a_system_that_sends_its_events_over_http() -> None:
    assert source_topics({"shop": Limited({"customer": WRITES}, None, topics=False)}) == []
    assert source_topics({"shop": Limited({"customer": WRITES}, None)}) == ["shop.customer.v1"]
