"""An edit in a spoke: the change, its place in time and its event, or nothing at all."""

import time
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from chassis.errors import Conflict
from chassis.outbox import OutboxRow
from chassis.replication import archive, edit, restore
from chassis.replication.edit import EPOCH, TenantUnknown, wall_clock
from chassis.testing import TENANT
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .notes import NOTE, Note, enter

pytestmark = pytest.mark.servers


async def events(session: AsyncSession) -> list[dict[str, Any]]:
    """The data of every event written so far, in order."""
    await session.flush()
    found = await session.scalars(select(OutboxRow).order_by(OutboxRow.id))
    return [orjson.loads(row.data) for row in found]


def changes(event: dict[str, Any]) -> dict[str, tuple[Any, Any, int]]:
    return {change["group"]: (change["old"], change["new"], change["ctx"]) for change in event["changes"]}


async def test_entering_a_record_announces_every_value_it_has(session: AsyncSession) -> None:
    row = enter(session, "Plans", text="For May", tags={"work": True})
    (event,) = await events(session)
    assert changes(event) == {
        "title": (None, "Plans", 0),
        "text": (None, "For May", 0),
        "tag:work": (None, True, 0),
        "life": (None, "live", 0),
    }
    assert event["snapshot"] == {"title": "Plans", "text": "For May", "tag:work": True, "life": "live"}
    assert (event["seq"], event["origin"], event["actor"]) == (1, "user", "anna")
    assert (event["local_id"], event["canonical_id"]) == (str(row.id), None)


async def test_the_envelope_carries_tenant_sequence_and_key(session: AsyncSession) -> None:
    row = enter(session)
    await session.flush()
    (sent,) = (await session.scalars(select(OutboxRow))).all()
    assert (sent.topic, sent.key, sent.tenant_id) == ("notebook.note.v1", str(row.id), TENANT)
    assert sent.attributes["tenant"] == str(TENANT)
    assert sent.attributes["sequence"] == "1"
    assert sent.attributes["type"] == "notebook.note.changed.v1"


async def test_edits_count_without_gaps_and_clocks_only_go_forward(session: AsyncSession) -> None:
    row = enter(session)
    for number in range(5):
        with edit(session, NOTE, row, "anna"):
            row.title = f"Version {number}"
    found = await events(session)
    assert [event["seq"] for event in found] == [1, 2, 3, 4, 5, 6]
    clocks = [event["hlc"] for event in found]
    assert clocks == sorted(set(clocks))
    assert row.version == 6


async def test_a_clock_that_was_ahead_is_never_set_back(session: AsyncSession) -> None:
    row = enter(session)
    row.hlc = ahead = wall_clock() + 3_600_000_000
    with edit(session, NOTE, row, "anna"):
        row.title = "Later"
    assert row.hlc == ahead + 1


async def test_an_edit_tells_what_its_author_had_in_front_of_them(session: AsyncSession) -> None:
    row = enter(session, text="For May")
    row.sync = {**row.sync, "text": {"seq": 0, "rev": 7, "hlc": 0}}
    with edit(session, NOTE, row, "ben"):
        row.text = "For June"
    event = (await events(session))[-1]
    assert changes(event) == {"text": ("For May", "For June", 7), "life": ("live", "live", 0)}
    time = datetime.fromisoformat((await session.scalars(select(OutboxRow))).all()[-1].attributes["time"])
    at = (time - EPOCH) // timedelta(microseconds=1)
    assert event["sync"]["text"] == {"seq": 2, "rev": 7, "hlc": row.hlc, "at": at}
    assert {change["group"]: change["after"] for change in event["changes"]} == {"text": 0, "life": 1}
    assert event["sync"]["title"]["seq"] == 1


async def test_changing_nothing_is_no_event_and_the_same_version(session: AsyncSession) -> None:
    row = enter(session)
    with edit(session, NOTE, row, "anna"):
        row.title = "Other"
        row.title = "Plans"
    assert (row.seq, row.version) == (1, 1)
    assert len(await events(session)) == 1


async def test_an_edit_that_fails_is_no_event(session: AsyncSession) -> None:
    row = enter(session)
    with pytest.raises(ValueError, match="no"), edit(session, NOTE, row, "anna"):
        row.title = "Other"
        raise ValueError("no")
    assert len(await events(session)) == 1


async def test_an_emptied_value_and_a_removed_tag_are_told_as_none(session: AsyncSession) -> None:
    row = enter(session, text="For May", tags={"work": True})
    with edit(session, NOTE, row, "anna"):
        row.text = ""
        row.tag("work", False)
    told = changes((await events(session))[-1])
    assert told["text"] == ("For May", None, 0)
    assert told["tag:work"] == (True, None, 0)


async def test_an_archived_record_is_read_only_until_it_is_restored(session: AsyncSession) -> None:
    row = enter(session)
    archive(session, NOTE, row, "anna")
    archive(session, NOTE, row, "anna")
    with pytest.raises(Conflict), edit(session, NOTE, row, "anna"):
        row.title = "Other"
    restore(session, NOTE, row, "anna")
    restore(session, NOTE, row, "anna")
    with edit(session, NOTE, row, "anna"):
        row.title = "Other"
    found = await events(session)
    assert [changes(event)["life"][:2] for event in found] == [
        (None, "live"), ("live", "dead"), ("dead", "live"), ("live", "live"),
    ]  # fmt: skip
    assert [event["seq"] for event in found] == [1, 2, 3, 4]


async def test_two_edits_in_one_transaction_leave_in_their_order(session: AsyncSession) -> None:
    rows = [enter(session, f"Note {number}") for number in range(20)]
    for row in reversed(rows):
        with edit(session, NOTE, row, "anna"):
            row.title += "!"
    by_record: dict[str, list[int]] = {}
    for event in await events(session):
        by_record.setdefault(event["local_id"], []).append(event["seq"])
    assert by_record == {str(row.id): [1, 2] for row in rows}


async def test_an_edit_outside_a_tenants_transaction_is_a_fault() -> None:
    with pytest.raises(TenantUnknown):
        enter(AsyncSession())


async def test_the_clock_counts_microseconds() -> None:
    assert abs(wall_clock() - time.time() * 1_000_000) < 1_000_000


async def test_a_row_reads_what_its_groups_say_without_the_empty_ones() -> None:
    assert NOTE.read(Note.of("Plans", text="", tags={"work": True})) == {
        "title": "Plans",
        "tag:work": True,
        "life": "live",
    }


async def test_an_author_may_stand_by_groups_that_stay_as_they_are(session: AsyncSession) -> None:
    row = enter(session, "Plans", text="For May", tags={"work": True, "vip": True})
    with edit(session, NOTE, row, "anna", affirm=("tag", "title")):
        row.text = "For June"
    event = (await events(session))[-1]
    assert changes(event) == {
        "text": ("For May", "For June", 0),
        "life": ("live", "live", 0),
        "title": ("Plans", "Plans", 0),
        "tag:work": (True, True, 0),
        "tag:vip": (True, True, 0),
    }
    assert event["sync"]["tag:vip"]["seq"] == row.seq
