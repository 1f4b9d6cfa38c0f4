"""A system that was restored from a backup, as the hub sees it: in its events, in its answers, in its status."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from access.identity import ServiceIdentity
from chassis.bus import Message
from chassis.db import Sessions, transaction
from gateway.deliver import compare
from gateway.deliver.watch import Seen, Watching, restored
from gateway.store import systems
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from gateway.store.systems import EPOCHS, all_systems
from sqlalchemy import null, select, text, update
from stack.keys import gateway_issuer

from .hub import SYSTEMS, Hub, ScriptedSpoke, applied
from .rows import Row

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
GONE = {"outcome": "skipped", "local_id": None, "groups": {}, "problem": {"type": "/problems/row-gone"}}


@pytest.fixture
async def hub(sessions: Sessions) -> AsyncIterator[Hub]:
    hub = Hub(sessions)
    await hub.with_status()
    yield hub
    async with transaction(sessions) as session:
        await session.execute(text("update epochs set epoch = 0"))


async def shown(hub: Hub, system: str) -> dict[str, Any]:
    async with transaction(hub.sessions) as session:
        return next(row for row in await all_systems(session) if row["name"] == system)


async def deliver(hub: Hub, system: str, spoke: ScriptedSpoke) -> None:
    """Everything that is due in a system, the sender's too, which comes a moment later."""
    async with transaction(hub.sessions) as session:
        await session.execute(text("update deliveries set due_at = now() where state in ('pending', 'waiting')"))
    while await hub.delivering[system].step(spoke):
        continue


def event_id(message: Message) -> str:
    return (dict(message.headers)["ce_id"] or b"").decode()


def groups(item: dict[str, Any]) -> set[str]:
    return {group["group"] for group in item["groups"]}


def fork(row: Row) -> list[Message]:
    """An edit that the row loses with a restore, and one that is given its number again."""
    before = row.edit(name=ALFKI["name"], life="live") if not row.seq else None
    backup = row.back_up()
    lost = row.edit(phone="111")
    row.restore(backup)
    return [*([before] if before else []), lost, row.edit(phone="222")]


@pytest.mark.parametrize("old_format", [False, True])
async def test_an_edit_of_a_restored_row_is_merged_beside_what_the_row_had_lost(hub: Hub, old_format: bool) -> None:
    row = Row(hub, "crm")
    await hub.ingest.handle([row.edit(**ALFKI)])
    backup = row.back_up()
    await hub.ingest.handle([row.edit(phone="111", old_format=old_format)])
    row.restore(backup)
    await hub.ingest.handle([row.edit(phone="222", old_format=old_format)])

    record = await hub.one(Record)
    assert record.values()["phone"] == "222"
    assert {origin: head.value for origin, head in record.decoded["phone"].heads.items()} == {
        "crm": "222",
        "crm~1": "111",
    }
    (decision,) = await hub.all(DecisionRow)
    assert {entry["origin"]: entry["value"] for entry in decision.heads} == {"crm": "222", "crm~1": "111"}
    assert "begun again at change 2" in (await shown(hub, "crm"))["restored_because"]


async def test_the_same_event_twice_is_no_restore(hub: Hub) -> None:
    row = Row(hub, "crm")
    events = [row.edit(**ALFKI), row.edit(phone="111")]
    await hub.ingest.handle(events)
    before = (await hub.one(Record)).registers
    await hub.ingest.handle([hub.message(m.topic, m.value or b"", m.headers) for m in events])
    assert (await hub.one(Record)).registers == before
    assert (await shown(hub, "crm"))["restored_at"] is None


async def test_a_delivery_says_which_edits_its_values_have_in_them(hub: Hub) -> None:
    row = Row(hub, "crm")
    await hub.ingest.handle([row.edit(**ALFKI), row.edit(phone="111")])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.items[0]["seen"] == {"crm": [int(row.now.timestamp()) * 1_000_000, 2]}


async def test_a_delivery_says_when_the_last_merged_event_was_written(hub: Hub) -> None:
    row = Row(hub, "crm")
    await hub.ingest.handle([row.edit(**ALFKI), row.edit(phone="111")])
    crm = ScriptedSpoke()
    await deliver(hub, "crm", crm)
    assert crm.items[0]["last_merged"] == {"time_us": int(row.now.timestamp()) * 1_000_000, "seq": 2}


async def test_a_system_without_a_status_is_sent_only_what_the_first_form_of_the_port_had(hub: Hub) -> None:
    async with transaction(hub.sessions) as session:
        await session.execute(update(systems.SYSTEMS).values(status=systems.NO_STATUS))
    await hub.ingest.handle([Row(hub, "crm").edit(**ALFKI, **{"tag:vip": True})])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    (item,) = erp.items
    assert set(item) == {"canonical_id", "local_id", "seen_seq", "hlc", "groups", "references", "peers"}
    assert all(set(peer) == {"state", "reason"} for peer in item["peers"].values())
    assert (await hub.all(Delivery))[0].acked.keys() <= {"name", "life", "tag:vip"}


async def test_a_row_that_is_gone_is_made_again_and_its_late_events_still_count(hub: Hub) -> None:
    row = Row(hub, "erp")
    await hub.ingest.handle([row.edit(**ALFKI)])
    late = row.edit(phone="111")
    erp = ScriptedSpoke(lambda item: {**applied(item), **(GONE if item["local_id"] == "1" else {})})
    await deliver(hub, "erp", erp)
    made = next(item for item in erp.items if item["local_id"] is None)
    assert (made["seen_seq"], groups(made)) == (0, {"name", "life"})
    await hub.ingest.handle([late])
    await deliver(hub, "erp", erp)

    links, record = {link.local_id: link for link in await hub.all(Link)}, await hub.one(Record)
    assert links["1"].retired_at is not None
    assert {link.canonical_id for link in links.values()} == {record.canonical_id}
    assert erp.items[-1]["local_id"] == f"new-{record.canonical_id}"
    assert record.values()["phone"] == "111"
    assert (await shown(hub, "erp"))["restored_at"] is not None


async def the_first_row_is_linked_again(hub: Hub, erp: ScriptedSpoke) -> None:
    """The ERP is restored a second time, and has its first row again."""
    async with transaction(hub.sessions) as session:
        await systems.note_restored(session, "erp", "a test says so")
    await compare.step(hub.sessions, "erp")
    await deliver(hub, "erp", erp)
    links = {link.local_id: link.retired_at is None for link in await hub.all(Link)}
    assert links == {"1": True, "2": False}
    assert [delivery.refused for delivery in await hub.all(Delivery) if delivery.system == "erp"] == [{}]


async def test_a_row_that_is_there_again_after_another_restore_is_linked_again(hub: Hub) -> None:
    await hub.ingest.handle([Row(hub, "erp").edit(**ALFKI)])
    gone = {"1"}

    def answer(item: dict[str, Any]) -> dict[str, Any]:
        if item["local_id"] in gone:
            return {**applied(item), **GONE}
        return {**applied(item), "local_id": item["local_id"] or ("1" if "1" not in gone else "2")}

    erp = ScriptedSpoke(answer)
    await deliver(hub, "erp", erp)
    gone = {"2"}
    await the_first_row_is_linked_again(hub, erp)


async def test_a_row_that_a_system_has_under_another_id_takes_the_place_of_the_one_that_is_gone(hub: Hub) -> None:
    """As when a link was read again from the events of a lost life, while the record was made anew."""
    await hub.ingest.handle([Row(hub, "erp").edit(**ALFKI)])
    canonical_id = (await hub.one(Record)).canonical_id
    edit = hub.event("erp", "2", 2, {"phone": "111"}, snapshot={**ALFKI, "phone": "111"}, canonical_id=canonical_id)
    await hub.ingest.handle([dataclasses.replace(edit, key=b"2")])
    assert "has linked" in (await hub.one(Quarantined)).error
    erp = ScriptedSpoke(lambda item: {**applied(item), "local_id": "2"})
    await deliver(hub, "erp", erp)
    links = {link.local_id: link.retired_at is None for link in await hub.all(Link)}
    assert links == {"1": False, "2": True}
    assert await hub.ingest.replay() == 1
    assert (await hub.one(Record)).values()["phone"] == "111"
    assert [delivery.refused for delivery in await hub.all(Delivery) if delivery.system == "erp"] == [{}]
    assert (await shown(hub, "erp"))["restored_at"] is not None


async def test_of_two_rows_that_take_turns_one_is_linked_at_a_time(hub: Hub) -> None:
    await hub.ingest.handle([Row(hub, "erp").edit(**ALFKI)])
    now_there = "2"
    erp = ScriptedSpoke(lambda item: {**applied(item), "local_id": now_there})
    await deliver(hub, "erp", erp)
    now_there = "1"
    await the_first_row_is_linked_again(hub, erp)


async def test_all_of_a_restored_system_is_due_again_in_batches_with_its_progress_stored(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "BATCH", 2)
    await hub.ingest.handle([Row(hub, "crm", str(number)).edit(**ALFKI) for number in range(5)])
    crm = ScriptedSpoke()
    await deliver(hub, "crm", crm)
    crm.batches.clear()
    async with transaction(hub.sessions) as session:
        await systems.note_restored(session, "crm", "a test says so")
        await session.execute(text("update deliveries set comparing = true where system = 'crm'"))  # as forks do
    seen = []
    while await compare.step(hub.sessions, "crm"):
        row = await shown(hub, "crm")
        seen.append((row["compare_done"], row["compare_total"]))
        await deliver(hub, "crm", crm)
    assert seen[0] == (0, 5)
    assert sorted(seen) == seen
    assert {total for _, total in seen} == {5}
    assert len({item["canonical_id"] for item in crm.items}) == 5
    assert (await shown(hub, "crm"))["restored_at"] is None
    assert not any(delivery.comparing for delivery in await hub.all(Delivery))


async def test_forks_during_a_comparison_take_no_progress_back(hub: Hub) -> None:
    rows = [Row(hub, "crm", str(number)) for number in range(8)]
    await hub.ingest.handle([row.edit(**ALFKI) for row in rows[:3]])
    busy, seen = {"2"}, []

    def answer(item: dict[str, Any]) -> dict[str, Any]:
        return {**applied(item), **({"outcome": "skipped", "groups": {}} if item["local_id"] in busy else {})}

    async def step() -> bool:
        going_on = await compare.step(hub.sessions, "crm")
        row = await shown(hub, "crm")
        seen.append((row["compare_done"], row["compare_total"]))
        return going_on

    async with transaction(hub.sessions) as session:
        await systems.note_restored(session, "crm", "a test says so")
    await step()
    await deliver(hub, "crm", ScriptedSpoke(answer))
    await step()
    for late in (rows[:2], rows[3:]):  # Two that are done, and five that were never begun.
        await hub.ingest.handle([event for row in late for event in fork(row)])
        await step()
    busy.clear()
    await deliver(hub, "crm", ScriptedSpoke(answer))
    assert not await step()
    assert seen == [(0, 3), (2, 3), (2, 3), (2, 3), (3, 3)]


async def test_a_comparison_that_begins_again_forgets_how_far_the_last_one_was(hub: Hub) -> None:
    await hub.ingest.handle([Row(hub, "crm", str(number)).edit(**ALFKI) for number in range(3)])
    for _ in range(2):
        async with transaction(hub.sessions) as session:
            await systems.note_restored(session, "crm", "a test says so", again=True)
        row = await shown(hub, "crm")
        assert (row["compare_done"], row["compare_total"]) == (0, 0)
        await compare.step(hub.sessions, "crm")
        assert (await shown(hub, "crm"))["compare_total"] == 3


async def test_an_answer_of_before_the_restore_acknowledges_nothing(hub: Hub) -> None:
    await hub.ingest.handle([Row(hub, "crm").edit(**ALFKI)])

    class RestoredMeanwhile(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: UUID, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if not self.batches:
                async with transaction(hub.sessions) as session:
                    await systems.note_restored(session, "erp", "a test says so")
                await compare.step(hub.sessions, "erp")
            return await super().deliver(kind, tenant, items)

    erp = RestoredMeanwhile()
    await deliver(hub, "erp", erp)
    assert [groups(item) for item in erp.items if item["groups"]] == [{"name", "life"}] * 2


async def test_a_hub_that_is_older_than_a_system_goes_on_above_its_revision(hub: Hub) -> None:
    await hub.ingest.handle([Row(hub, "crm").edit(**ALFKI)])
    before = (await hub.one(Record)).decoded["name"].rev
    lost = before + 7
    ahead = ScriptedSpoke(
        lambda item: {**applied(item), "ahead": {g["group"]: lost for g in item["groups"] if g["rev"] < lost}}
    )
    await deliver(hub, "erp", ahead)
    while any([await compare.step(hub.sessions, system) for system in SYSTEMS]):
        for system in SYSTEMS:
            await deliver(hub, system, ahead)
    async with transaction(hub.sessions) as session:
        assert await session.scalar(select(EPOCHS.c.epoch)) == 1
    given = {group: register.rev for group, register in (await hub.one(Record)).decoded.items()}
    assert min(given.values()) > lost
    assert {group["group"]: group["rev"] for item in ahead.items for group in item["groups"]} == given


async def test_a_record_that_is_read_again_gets_the_same_canonical_id(hub: Hub) -> None:
    created = Row(hub, "crm").edit(**ALFKI)
    await hub.ingest.handle([created])
    assert str((await hub.one(Record)).canonical_id) == event_id(created)


async def test_a_restored_hub_that_hears_of_a_record_from_another_system_first_makes_one_of_it(hub: Hub) -> None:
    created = Row(hub, "erp", "e1").edit(**ALFKI)
    canonical_id = UUID(event_id(created))
    marks = {group: {"seq": 0, "rev": 1, "hlc": 0} for group in ALFKI}
    copy = hub.event("crm", "c1", 1, ALFKI, origin="gateway", ctx=1, sync=marks, canonical_id=canonical_id)
    await hub.ingest.handle([copy])
    await hub.ingest.handle([created])
    record = await hub.one(Record)
    assert record.values() == ALFKI
    assert {(link.system, link.canonical_id) for link in await hub.all(Link)} == {
        ("crm", canonical_id),
        ("erp", canonical_id),
    }


def test_another_database_or_a_position_that_went_back_is_a_restore() -> None:
    before = Seen("7/1/5", 40)
    assert restored(None, before) is None
    assert restored(before, Seen("7/1/5", 41)) is None
    assert restored(before, Seen("7/1/6", 41)) is not None
    assert restored(before, Seen("7/1/5", 39)) is not None


async def test_the_status_tells_at_once_that_a_system_is_away_back_or_restored(hub: Hub, tmp_path: Path) -> None:
    issuer = gateway_issuer(tmp_path)
    issuer.ensure()
    watching = Watching(
        hub.sessions, hub.delivering["crm"], ServiceIdentity(issuer.private_file, issuer.name, "concord")
    )
    answers: list[httpx.Response] = []
    transport = httpx.MockTransport(lambda _request: answers[-1])
    async with httpx.AsyncClient(base_url="http://crm.test", transport=transport) as client:

        async def after(status: int, **body: Any) -> dict[str, Any]:
            answers.append(httpx.Response(status, json=body))
            await watching.look(client)
            return await shown(hub, "crm")

        async with transaction(hub.sessions) as session:
            await session.execute(update(systems.SYSTEMS).values(status=null()))
        assert (await after(404))["status"] == systems.NO_STATUS
        assert (await after(200, incarnation="7/1/5", position=40))["status"]["position"] == 40
        assert (await after(200, hello="world"))["status"]["position"] == 40, "an unreadable status changes nothing"
        since = (await after(503))["away_since"]
        assert since is not None
        assert (await after(503))["away_since"] == since
        assert (await after(404))["away_since"] is None, "a system without a status is there"
        assert "was 40 and is now 12" in (await after(200, incarnation="7/1/5", position=12))["restored_because"]
