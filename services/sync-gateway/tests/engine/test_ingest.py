import asyncio
from typing import Any
from uuid import UUID

import pytest
from chassis.db import Sessions, uuid7
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT, TENANT
from gateway.ingest.consume import Ingest
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from sqlalchemy import update

from .hub import SYSTEMS, Hub

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {
    "name": {"name": "Alfreds Futterkiste", "kind": "company"},
    "phone": "+49 30 0074321",
    "life": "live",
}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def test_a_new_record_is_due_in_every_system_the_sender_too(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])

    record = await hub.one(Record)
    assert record.values() == ALFKI
    assert {(d.system, d.state) for d in await hub.all(Delivery)} == {("crm", "pending"), ("erp", "pending")}
    assert [row.topic for row in await hub.all(OutboxRow)] == ["sync.customer.v1"]


async def test_what_the_hub_says_names_its_cause(hub: Hub) -> None:
    message = hub.event("crm", "c1", 1, ALFKI, correlation="one-request")

    await hub.ingest.handle([message])

    said = (await hub.one(OutboxRow)).attributes
    assert said["causationid"] == (dict(message.headers)["ce_id"] or b"").decode()
    assert said["correlationid"] == "one-request"


async def test_the_same_batch_again_changes_nothing(hub: Hub) -> None:
    batch = [hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c1", 2, {"email": "a@alfki.de"})]
    await hub.ingest.handle(batch)
    before = (await hub.one(Record)).registers

    await hub.ingest.handle(batch)

    assert (await hub.one(Record)).registers == before
    assert len(await hub.all(OutboxRow)) == 1


async def test_an_event_that_comes_twice_at_two_offsets_is_dropped_by_its_number(hub: Hub) -> None:
    first = hub.event("crm", "c1", 1, ALFKI)
    again = hub.message(first.topic, first.value or b"", first.headers)

    await hub.ingest.handle([first])
    before = (await hub.one(Record)).registers
    await hub.ingest.handle([again])

    assert (await hub.one(Record)).registers == before


async def test_lost_events_are_repaired_from_the_next_one(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    sync = {"email": {"seq": 2, "rev": 0, "hlc": 5}, "notes": {"seq": 3, "rev": 0, "hlc": 6}}
    snapshot = {**ALFKI, "email": "lost@alfki.de", "notes": "seen"}

    await hub.ingest.handle([hub.event("crm", "c1", 3, {"notes": "seen"}, snapshot=snapshot, sync=sync)])

    assert (await hub.one(Record)).values() == snapshot
    assert (await hub.one(Link)).seen_seq == 3


async def test_an_event_that_cannot_be_merged_is_alone_in_quarantine(hub: Hub) -> None:
    batch = [hub.event("crm", f"c{n}", 1, {"name": {"name": f"Firm {n}", "kind": "company"}}) for n in range(9)]
    batch.insert(4, hub.event("crm", "x", 1, ALFKI, kind="spaceship"))
    batch.insert(7, hub.message("crm.customer.v1", b"\xff not json"))

    await hub.ingest.handle(batch)

    assert len(await hub.all(Record)) == 9
    held = {row.topic: row for row in await hub.all(Quarantined)}
    assert "no kind 'spaceship'" in held["crm.spaceship.v1"].error
    assert held["crm.customer.v1"].value == b"\xff not json"
    assert held["crm.customer.v1"].tenant_id is None


async def test_a_quarantined_event_can_be_replayed_once_it_can_be_merged(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("gateway.ingest.fold.merge_event", _fail)
        await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    assert await hub.all(Record) == []
    await _ask_to_replay(hub)

    assert await hub.ingest.replay() == 1

    assert (await hub.one(Record)).values() == ALFKI
    assert (await hub.one(Quarantined)).state == "replayed"


async def test_a_replay_that_fails_again_stays_with_its_new_reason(hub: Hub) -> None:
    await hub.ingest.handle([hub.message("crm.customer.v1", b"{}")])
    await _ask_to_replay(hub)

    assert await hub.ingest.replay() == 0

    held = await hub.one(Quarantined)
    assert (held.state, "attributes are missing" in held.error) == ("held", True)


async def test_a_reader_that_has_lost_its_partition_writes_nothing(hub: Hub) -> None:
    batch = [hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c1", 2, {"email": "a@alfki.de"})]
    other = Ingest(hub.sessions, SYSTEMS)

    await asyncio.gather(hub.ingest.handle(batch), other.handle(batch))

    assert (await hub.one(Link)).seen_seq == 2
    assert len(await hub.all(OutboxRow)) == 1


async def test_the_same_customer_entered_on_both_sides_at_once_is_one(hub: Hub) -> None:
    there = Ingest(hub.sessions, SYSTEMS)
    other = {**ALFKI, "name": {"name": "ALFREDS FUTTERKISTE GMBH", "kind": "company"}}

    await asyncio.gather(
        hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)]), there.handle([hub.event("erp", "e1", 1, other)])
    )

    assert len(await hub.all(Record)) == 1
    links = {link.system: link for link in await hub.all(Link)}
    assert {link.tier for link in links.values()} == {"T2", "T4"}
    decision = await hub.one(DecisionRow)
    assert (decision.group_key, len(decision.heads), decision.state) == ("name", 2, "decided")


@pytest.mark.parametrize(("most", "records"), [(2, 2), (1, 3)])
async def test_a_phone_number_of_too_many_records_identifies_none(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, most: int, records: int
) -> None:
    for module in ("ingest.identify", "ingest.load", "store.load"):
        monkeypatch.setattr(f"gateway.{module}.MOST_SHARED", most)
    other = {**ALFKI, "name": {"name": "Blauer See", "kind": "company"}}
    similar = {**ALFKI, "name": {"name": "Alfred Futterkiste", "kind": "company"}}
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI), hub.event("crm", "c2", 1, other)])

    await hub.ingest.handle([hub.event("erp", "e1", 1, similar)])

    assert len(await hub.all(Record)) == records


async def test_two_tenants_are_two_worlds(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI), hub.event("erp", "e1", 1, ALFKI, tenant=OTHER_TENANT)])

    assert len(await hub.all(Record)) == 2
    assert len(await hub.all(DecisionRow)) == 0


async def test_a_second_local_record_cannot_claim_a_linked_one(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    record = await hub.one(Record)

    await hub.ingest.handle([hub.event("crm", "c2", 1, ALFKI, canonical_id=record.canonical_id)])

    assert "has linked" in (await hub.one(Quarantined)).error
    assert (await hub.one(Link)).local_id == "c1"


@pytest.mark.parametrize(("tenant", "kind"), [(OTHER_TENANT, "customer"), (TENANT, "product")])
async def test_a_record_of_another_tenant_or_kind_cannot_be_claimed(hub: Hub, tenant: UUID, kind: str) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    record = await hub.one(Record)
    claim = hub.event("erp", "e1", 1, {}, kind=kind, canonical_id=record.canonical_id, tenant=tenant)

    async with hub.sessions() as session, session.begin():
        await session.get_one(Record, record.canonical_id, with_for_update=True)
        await asyncio.wait_for(hub.ingest.handle([claim]), 20)

    assert f"canonical_id: {record.canonical_id} is not a {kind} of this tenant" in (await hub.one(Quarantined)).error
    assert (await hub.one(Record)).registers == record.registers
    assert (await hub.one(Link)).local_id == "c1"


async def test_two_tenants_that_claim_the_same_new_record_do_not_share_it(hub: Hub) -> None:
    claimed = uuid7()
    batch = [
        hub.event("crm", "c1", 1, ALFKI, canonical_id=claimed),
        hub.event("erp", "e1", 1, ALFKI, canonical_id=claimed, tenant=OTHER_TENANT),
    ]

    await hub.ingest.handle(batch)

    assert (await hub.one(Record)).tenant_id == TENANT
    assert (await hub.one(Quarantined)).tenant_id == OTHER_TENANT


async def test_a_record_of_the_same_tenant_and_kind_can_be_claimed(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    record = await hub.one(Record)

    await hub.ingest.handle([hub.event("erp", "e1", 1, {"email": "a@alfki.de"}, canonical_id=record.canonical_id)])

    assert (await hub.one(Record)).values() == {**ALFKI, "email": "a@alfki.de"}


async def test_a_parked_conflict_is_superseded_when_an_author_has_seen_both_values(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, {**ALFKI, "notes": "ours"})])
    await hub.ingest.handle([hub.event("erp", "e1", 1, {**ALFKI, "notes": "theirs"})])
    assert {row.state for row in await hub.all(DecisionRow)} == {"open"}

    seen = (await hub.one(Record)).decoded["notes"].rev
    both = {**ALFKI, "notes": "both"}
    await hub.ingest.handle([hub.event("erp", "e1", 2, {"notes": "both"}, snapshot=both, ctx=seen)])

    record = await hub.one(Record)
    assert (record.decoded["notes"].value, record.parked()) == ("both", [])
    assert {row.state for row in await hub.all(DecisionRow)} == {"superseded"}


def _fail(*_arguments: object, **_known: object) -> None:
    raise ArithmeticError("not today")


async def _ask_to_replay(hub: Hub) -> None:
    async with hub.sessions() as session, session.begin():
        await session.execute(update(Quarantined).values(state="replaying"))
