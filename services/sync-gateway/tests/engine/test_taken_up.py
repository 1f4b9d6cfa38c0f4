"""A hub that was restored from a backup reads its own decisions back from the broker."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from chassis.bus import Message
from chassis.db import Sessions, transaction, uuid7
from chassis.events import to_headers
from chassis.outbox import OutboxRow
from gateway.resolve.links import relink
from gateway.resolve.log import Author
from gateway.store.decisions import DecisionRow
from gateway.store.links import Link
from gateway.store.publish import CONFLICTS
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from sqlalchemy import text, update

from .hub import Hub
from .rows import Row

pytestmark = pytest.mark.servers
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def published(hub: Hub) -> list[Message]:
    """What the hub has announced of its decisions, as the broker hands it back."""
    rows = [row for row in await hub.all(OutboxRow) if row.topic == CONFLICTS]
    return [hub.message(row.topic, row.data, tuple(to_headers(row.attributes))) for row in rows]


async def lose_decisions(hub: Hub, *tables: str) -> None:
    async with transaction(hub.sessions) as session:
        for table in ("decisions", *tables):
            await session.execute(text(f"delete from {table}"))  # noqa: S608  (names of this file)


async def in_conflict(hub: Hub) -> DecisionRow:
    """Two systems have written one group without having seen each other."""
    row = Row(hub, "crm")
    await hub.ingest.handle([row.edit(**ALFKI), row.edit(phone="111")])
    canonical_id = (await hub.one(Record)).canonical_id
    marks = {group: {"seq": 0, "rev": 1, "hlc": 0} for group in ALFKI}
    told = hub.event("erp", "e1", 1, {"phone": "222"}, sync=marks, canonical_id=canonical_id)
    await hub.ingest.handle([told])
    decision: DecisionRow = await hub.one(DecisionRow)
    return decision


async def test_a_restored_hub_takes_up_the_decisions_that_it_had_published(hub: Hub) -> None:
    before = (await in_conflict(hub)).shown()
    told = await published(hub)
    await lose_decisions(hub)
    await hub.ingest.handle(told)
    taken = await hub.one(DecisionRow)
    assert taken.shown() == before
    assert await hub.all(Quarantined) == []


async def test_decisions_that_the_log_has_change_nothing_when_they_are_read(hub: Hub) -> None:
    decision = await in_conflict(hub)
    async with transaction(hub.sessions) as session:
        await session.execute(update(DecisionRow).values(state="resolved", resolved_by="anna"))
    told = await published(hub)
    await hub.ingest.handle(told)
    kept = await hub.one(DecisionRow)
    assert (kept.id, kept.state, kept.resolved_by) == (decision.id, "resolved", "anna")
    assert len(await published(hub)) == len(told)


async def test_a_conflict_of_the_lost_life_is_not_open_twice_and_may_be_there_before_its_record(hub: Hub) -> None:
    await in_conflict(hub)
    (told,) = await published(hub)
    was_open = replace(told, value=orjson.dumps({**orjson.loads(told.value or b""), "state": "open", "winner": None}))
    await lose_decisions(hub, "links", "deliveries", "match_keys", "records")
    await hub.ingest.handle([was_open])
    assert (await hub.one(DecisionRow)).state == "superseded"
    assert orjson.loads((await published(hub))[-1].value or b"")["state"] == "superseded"


@pytest.mark.parametrize("told_first", [True, False])
async def test_a_conflict_that_is_decided_anew_is_one_line(hub: Hub, told_first: bool) -> None:
    row = Row(hub, "crm")
    begun = [row.edit(**ALFKI), row.edit(phone="111")]
    await hub.ingest.handle(begun)
    canonical_id = (await hub.one(Record)).canonical_id
    marks = {group: {"seq": 0, "rev": 1, "hlc": 0} for group in ALFKI}
    met = hub.event("erp", "e1", 1, {"phone": "222"}, sync=marks, canonical_id=canonical_id)
    await hub.ingest.handle([met])
    before = await hub.one(DecisionRow)
    told = await published(hub)
    await lose_decisions(hub, "links", "deliveries", "match_keys", "records", "positions")
    steps = [told, [*begun, met]] if told_first else [[*begun, met], told]
    for messages in steps:
        await hub.ingest.handle(messages)
    line = await hub.one(DecisionRow)
    assert (line.heads, line.value, line.state) == (before.heads, before.value, "decided")
    assert (line.id == before.id) == told_first


async def test_a_conflict_that_stood_twice_in_the_lost_log_is_taken_up_twice(hub: Hub) -> None:
    await in_conflict(hub)
    (told,) = await published(hub)
    twin = hub.message(CONFLICTS, orjson.dumps({**orjson.loads(told.value or b""), "id": str(uuid7())}), told.headers)
    await lose_decisions(hub)
    await hub.ingest.handle([replace(told, offset=twin.offset + 1), twin])
    assert len(await hub.all(DecisionRow)) == 2


async def test_what_a_steward_resolved_stays_when_the_conflict_is_open_again(hub: Hub) -> None:
    await in_conflict(hub)
    (told,) = await published(hub)
    by_anna = {"state": "resolved", "resolved_by": "anna", "resolved_at": "2026-11-22T09:00:00Z", "id": str(uuid7())}
    resolved = replace(told, value=orjson.dumps({**orjson.loads(told.value or b""), **by_anna}))
    await hub.ingest.handle([resolved])
    assert {row.state for row in await hub.all(DecisionRow)} == {"decided", "resolved"}


async def test_what_a_steward_did_to_a_link_is_in_the_log_again_and_is_not_done_again(hub: Hub) -> None:
    await in_conflict(hub)
    await hub.ingest.handle(await published(hub))
    known = len(await published(hub))
    link = next(each for each in await hub.all(Link) if each.system == "erp")
    async with transaction(hub.sessions) as session:
        mended = await relink(session, link.id, "e2", Author("anna", "the ERP made it again", datetime.now(UTC)))
    assert mended.logged is not None
    (told,) = (await published(hub))[known:]
    assert dict(told.headers)["ce_type"] == b"sync.conflict.mended.v1"
    async with transaction(hub.sessions) as session:
        await session.execute(text("update links set local_id = 'e3' where local_id = 'e2'"))
    await lose_decisions(hub)
    await hub.ingest.handle([told])
    taken = await hub.one(DecisionRow)
    assert taken.shown() == mended.logged.shown()
    assert (taken.rule, taken.value) == ("relink", {"local_id": "e2", "local_id_before": "e1"})
    assert {each.local_id for each in await hub.all(Link)} == {"1", "e3"}
    assert await hub.all(Quarantined) == []


async def test_what_is_no_decision_is_held_and_the_next_one_taken_up(hub: Hub) -> None:
    await in_conflict(hub)
    (told,) = await published(hub)
    await lose_decisions(hub)
    wrong = hub.message(CONFLICTS, b"{}", told.headers)
    await hub.ingest.handle([wrong, replace(told, offset=wrong.offset + 1)])
    assert "the data is not a decision" in (await hub.one(Quarantined)).error
    assert len(await hub.all(DecisionRow)) == 1
