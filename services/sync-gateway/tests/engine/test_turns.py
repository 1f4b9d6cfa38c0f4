"""Who is delivered to first: tenants take turns, derived kinds go last, and calls run beside each other."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from chassis.db import Sessions, transaction
from chassis.testing import TENANT
from gateway.deliver.lease import SHARE, Leases
from gateway.store.deliveries import Delivery
from sqlalchemy import select, text

from .hub import Hub, ScriptedSpoke

pytestmark = pytest.mark.servers
NEIGHBOURS = (UUID("00000000-0000-7000-8000-000000000000"), UUID("00000000-0000-7000-8000-0000000000ff"))


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def entered(hub: Hub, number: int, tenant: UUID = TENANT, kind: str = "customer") -> None:
    """Records of the CRM, due in the ERP."""
    events = []
    for n in range(number):
        name = {"name": f"Company {n}", "kind": "company"} if kind == "customer" else f"Product {n}"
        values = {"name": name, "life": "live"}
        events.append(hub.event("crm", f"{kind}-{n}", 1, values, kind=kind, tenant=tenant))
    await hub.ingest.handle(events)


async def leased(hub: Hub, leases: Leases) -> list[Delivery]:
    async with transaction(hub.sessions) as session:
        ids = await leases.take(session)
    return [each for each in await hub.all(Delivery) if each.system == "erp" and each.canonical_id in ids]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_a_tenant_with_much_that_is_due_does_not_keep_another_waiting(hub: Hub, neighbour: UUID) -> None:
    await entered(hub, SHARE + 20)
    await entered(hub, 1, neighbour)
    first = await leased(hub, leases := Leases("erp"))
    assert [each.tenant_id for each in first].count(neighbour) == 1
    assert len(first) == SHARE + 1
    assert len(await leased(hub, leases)) == 20


MUCH = text("""
    with numbers as (select gen_random_uuid() as id from generate_series(1, :number)),
    records as (
        insert into records (tenant_id, canonical_id, kind, registers, created_at, changed_at)
        select :tenant, id, 'customer', '{}', now(), now() from numbers returning canonical_id)
    insert into deliveries (tenant_id, canonical_id, kind, system, state, acked, refused, told, revision, due_at, tries,
        changed_at)
    select :tenant, id, 'customer', 'erp', 'pending', '{}', '{}', '{}', 1, now() - interval '1 hour', 0, now()
    from numbers
    """)


async def test_behind_100_000_due_records_of_one_tenant_another_waits_less_than_a_second(hub: Hub) -> None:
    async with transaction(hub.sessions) as session:
        await session.execute(MUCH, {"tenant": TENANT, "number": 100_000})
    await entered(hub, 1, NEIGHBOURS[1])
    began = time.perf_counter()
    async with transaction(hub.sessions) as session:
        ids = await Leases("erp").take(session)
        tenants = await session.scalars(select(Delivery.tenant_id).where(Delivery.canonical_id.in_(ids)).distinct())
        assert set(tenants) == {TENANT, NEIGHBOURS[1]}
    assert time.perf_counter() - began < 1


async def test_derived_kinds_are_delivered_after_all_others(hub: Hub) -> None:
    await entered(hub, SHARE + 1)
    async with transaction(hub.sessions) as session:
        oldest = text("""
            update deliveries set later = true, due_at = now() - interval '1 hour'
            where canonical_id = (select min(canonical_id::text)::uuid from deliveries)
            """)
        await session.execute(oldest)
    leases = Leases("erp")
    assert not any(each.later for each in await leased(hub, leases))
    assert [each.later for each in await leased(hub, leases)] == [True]


async def test_what_is_leased_is_nobody_elses(hub: Hub) -> None:
    await entered(hub, 3)
    assert len(await leased(hub, Leases("erp"))) == 3
    assert await leased(hub, Leases("erp")) == []


async def test_when_nothing_is_due_the_next_moment_is_known(hub: Hub) -> None:
    await entered(hub, 1)
    await leased(hub, leases := Leases("crm"))
    assert 0 < leases.next_due_seconds <= 1


class Meeting(ScriptedSpoke):
    """A spoke that answers a call only once two are being made."""

    def __init__(self) -> None:
        super().__init__()
        self.both = asyncio.Barrier(2)

    async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        await asyncio.wait_for(self.both.wait(), 10)
        return await super().deliver(kind, tenant, items)


async def test_calls_of_different_kinds_and_tenants_run_beside_each_other(hub: Hub) -> None:
    await entered(hub, 2)
    await entered(hub, 2, kind="product")
    assert await hub.delivering["erp"].step(spoke := Meeting()) == 4
    assert sorted(len(batch) for batch in spoke.batches) == [2, 2]
    await entered(hub, 1, NEIGHBOURS[0])
    await entered(hub, 1, NEIGHBOURS[1])
    assert await hub.delivering["erp"].step(spoke) == 2
