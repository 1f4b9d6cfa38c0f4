"""What is polled reads no more rows than it counts to, and none of other tenants."""

import httpx
import pytest
from chassis import outbox
from chassis.counting import MOST
from chassis.db import transaction
from chassis.testing import OTHER_TENANT, TENANT
from gateway.worker import gauges
from sqlalchemy import text

from .hub import SYSTEMS, Hub
from .plans import executed, most_read

pytestmark = pytest.mark.servers

MANY = MOST + 2_000
OF_EACH_TENANT = "from unnest(cast(:tenants as uuid[])) as tenants(tenant), generate_series(1, :many) as n"
RECORDS = f"""
    insert into records (canonical_id, tenant_id, kind, registers, created_at, changed_at)
    select gen_random_uuid(), tenant, 'customer', '{{}}', now(), now() {OF_EACH_TENANT}
    """
DELIVERIES = """
    insert into deliveries (canonical_id, tenant_id, system, kind, state, acked, refused, told, revision, due_at, tries,
                            changed_at)
    select canonical_id, tenant_id, system, kind, state, '{}', refused::jsonb, '{}', 0, now(), 0, now() from records,
        (values ('crm', 'rejected', '{"email": {}}'), ('erp', 'waiting', '{}')) as states(system, state, refused)
    """
DECISIONS = f"""
    insert into decisions (id, tenant_id, kind, canonical_id, group_key, rule, policy, policy_version, heads, detail,
                           event_id, state, decided_at)
    select gen_random_uuid(), tenant, 'customer', gen_random_uuid(), 'notes', 'r', 'p', 1, '[]', '', '', 'open', now()
    {OF_EACH_TENANT}
    """
QUARANTINE = f"""
    insert into quarantine (id, tenant_id, topic, partition, log_offset, headers, error, state, held_at)
    select gen_random_uuid(), tenant, tenant::text, 0, n, '{{}}', '', state, now()
    {OF_EACH_TENANT}, unnest(array['held', 'dropped']) with ordinality as states(state, part) where n % 2 = part - 1
    """
OUTBOX = f"""
    insert into outbox (tenant_id, event_id, topic, key, attributes, data, parked_at)
    select tenant, gen_random_uuid(), 't', n, '{{"type": "t", "subject": "s"}}', '', parked_at
    {OF_EACH_TENANT}, unnest(array[null, now()]) as parked(parked_at)
    """
HELD_BACK = f"""
    insert into held_back (tenant_id, system, topic, partition, log_offset, headers)
    select tenant, 'crm', 't', 0, n, '[]' {OF_EACH_TENANT}
    """
TABLES = "records, deliveries, decisions, quarantine, outbox, held_back"


async def fill(hub: Hub, *tenants: object) -> None:
    """Many rows of everything that is counted, of each of these tenants."""
    facts = {"tenants": [str(tenant) for tenant in tenants], "many": MANY}
    async with hub.worker(), transaction(hub.sessions) as session:
        for statement in (RECORDS, DELIVERIES, DECISIONS, QUARANTINE, OUTBOX, HELD_BACK):
            wanted = {name: value for name, value in facts.items() if f":{name}" in statement}
            await session.execute(text(statement), wanted)
    await hub._become("gateway_owner")
    async with transaction(hub.sessions) as session:
        await session.execute(text(f"analyze {TABLES}"))
    await hub._become("gateway_app")


async def test_the_status_reads_no_more_than_it_counts_to(hub: Hub, client: httpx.AsyncClient) -> None:
    await fill(hub, TENANT)
    with executed(hub.sessions) as statements:
        status = (await client.get("/v1/status")).json()
    assert status["at_least"] == ["conflicts_open", "records.customer"]
    assert (status["conflicts_open"], status["records"]["customer"], status["records"]["order"]) == (MOST, MOST, 0)
    assert (status["quarantine_held"], status["outbox"]["at_least"]) == (MANY // 2, ["pending", "parked"])
    crm, erp = status["systems"]
    assert (crm["held_back"], crm["rejected"], crm["at_least"]) == (MOST, MOST, ["rejected", "held_back"])
    assert (erp["waiting"], erp["pending"], erp["at_least"]) == (MOST, 0, ["waiting"])
    async with transaction(hub.sessions, TENANT):
        for statement in statements:
            assert await most_read(hub.sessions, statement) <= MOST, statement


async def test_the_status_reads_nothing_of_other_tenants(hub: Hub, client: httpx.AsyncClient) -> None:
    await fill(hub, OTHER_TENANT)
    with executed(hub.sessions) as statements:
        status = (await client.get("/v1/status")).json()
    assert (status["state"], status["at_least"], status["outbox"]["at_least"]) == ("in_step", [], [])
    async with transaction(hub.sessions, TENANT):
        for statement in statements:
            assert await most_read(hub.sessions, statement) < 100, statement


async def test_gauges_read_no_more_than_they_count_to(hub: Hub) -> None:
    await fill(hub, TENANT, OTHER_TENANT)
    async with hub.worker():
        with executed(hub.sessions) as statements:
            async with transaction(hub.sessions) as session:
                await gauges.observe(session, SYSTEMS)
                await outbox.observe(session)
        for statement in statements:
            assert await most_read(hub.sessions, statement) <= MOST, statement


async def test_looking_for_messages_to_replay_reads_no_others(hub: Hub) -> None:
    await fill(hub, TENANT)
    with executed(hub.sessions) as statements:
        await hub.replay()
    async with hub.worker():
        for statement in statements:
            assert await most_read(hub.sessions, statement) < 100, statement


async def test_releasing_an_event_reads_no_events_of_other_keys(hub: Hub) -> None:
    await fill(hub, TENANT)
    async with hub.client(scope="outbox:read outbox:operate") as operator:
        (first,) = (await operator.get("/v1/outbox", params={"state": "parked", "limit": 1})).json()["items"]
        with executed(hub.sessions) as statements:
            released = await operator.post(f"/v1/outbox/{first['id']}/release")
    assert released.json()["state"] == "waiting"
    async with transaction(hub.sessions, TENANT):
        for statement in statements:
            assert await most_read(hub.sessions, statement) < 100, statement
