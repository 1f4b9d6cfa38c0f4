"""Deliveries from the hub: harmless when doubled or late, never over a local edit, an outcome for each item."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis import telemetry
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow
from chassis.replication import Moment, apply, archive, edit, guard, sync_state
from chassis.replication.status import status
from chassis.replication.wire import Delivered
from chassis.testing import OTHER_TENANT, TENANT, act_for
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from .notes import NOTE, Note, delivery, enter
from .test_edit import changes, events

pytestmark = pytest.mark.servers

revisions = st.integers(0, 4)


async def one(session: AsyncSession, **delivered: Any) -> Delivered:
    """Deliver one item."""
    (outcome,) = await apply(session, NOTE, [delivery(**delivered)])
    return outcome


async def notes(session: AsyncSession) -> int:
    return (await session.scalar(select(func.count()).select_from(Note))) or 0


async def note(session: AsyncSession, outcome: Delivered) -> Note:
    assert outcome.local_id is not None
    return await session.get_one(Note, outcome.local_id, populate_existing=True)


@given(revisions, st.none() | st.fixed_dictionaries({"seq": revisions, "rev": revisions}), revisions)
def test_the_guard_writes_only_newer_revisions_and_never_over_an_unmerged_edit(
    rev: int, own: dict[str, int] | None, seen: int
) -> None:
    step = guard(rev, own, seen)
    known = own or {"seq": 0, "rev": 0}
    assert (step == "already") == (rev <= known["rev"])
    assert (step == "write") == (rev > known["rev"] and known["seq"] <= seen)


@given(revisions, revisions, revisions, revisions)
def test_an_edit_is_overwritten_only_if_neither_its_number_nor_its_time_is_new(
    seq: int, at: int, seen: int, time: int
) -> None:
    step = guard(1, {"seq": seq, "rev": 0, "at": at}, seen, Moment(time, seen))
    assert (step == "write") == (seq <= seen and (at, seq) <= (time, seen))


async def test_a_first_delivery_creates_the_record_and_tells_where_it_stands(session: AsyncSession) -> None:
    outcome = await one(session, title="Plans", tag__work=True, hlc=5)
    row = await note(session, outcome)
    assert (outcome.outcome, outcome.seq) == ("applied", 1)
    assert (row.title, row.tags, row.canonical_id) == ("Plans", {"work": True}, outcome.canonical_id)
    (event,) = await events(session)
    assert (event["origin"], event["actor"], event["canonical_id"]) == ("gateway", "gateway", str(outcome.canonical_id))
    assert changes(event) == {"title": (None, "Plans", 1), "tag:work": (None, True, 1)}


async def test_creating_twice_is_one_row_whether_apart_or_in_one_batch(session: AsyncSession) -> None:
    canonical_id = uuid4()
    same = delivery(canonical_id, title="Plans")
    first, second = await apply(session, NOTE, [same, same])
    (third,) = await apply(session, NOTE, [same])
    assert [first.outcome, second.outcome, third.outcome] == ["applied", "already", "already"]
    assert first.local_id == second.local_id == third.local_id
    assert await notes(session) == 1
    assert len(await events(session)) == 1


async def test_a_delivery_that_comes_twice_or_late_changes_nothing(session: AsyncSession) -> None:
    created = await one(session, title="One")
    newer = delivery(created.canonical_id, rev=3, title="Three")
    late = delivery(created.canonical_id, rev=2, title="Two")
    outcomes = [(await apply(session, NOTE, [each]))[0].outcome for each in (newer, late, newer)]
    assert outcomes == ["applied", "already", "already"]
    assert (await note(session, created)).title == "Three"
    assert len(await events(session)) == 2


async def test_a_local_edit_that_the_hub_has_not_merged_is_not_overwritten(session: AsyncSession) -> None:
    created = await one(session, title="One", text="For May")
    row = await note(session, created)
    with edit(session, NOTE, row, "anna"):
        row.title = "Anna's"
    await session.flush()
    both = await one(session, canonical_id=created.canonical_id, rev=2, seen_seq=1, title="Two", text="For June")
    assert both.outcome == "skipped"
    assert both.groups == {"title": "skipped", "text": "applied"}
    again = await one(session, canonical_id=created.canonical_id, rev=3, seen_seq=2, title="Three")
    assert again.outcome == "applied"
    row = await note(session, created)
    assert (row.title, row.text) == ("Three", "For June")


async def test_a_group_that_is_refused_does_not_hold_up_the_others(session: AsyncSession) -> None:
    created = await one(session, title="One")
    refused = await one(session, canonical_id=created.canonical_id, rev=2, title="x" * 99, text="For May", colour="red")
    assert refused.outcome == "rejected"
    assert refused.groups == {"title": "rejected", "text": "applied", "colour": "rejected"}
    assert refused.problem is not None
    assert refused.problem["type"] == "/problems/title-too-long"
    row = await note(session, created)
    assert (row.title, row.text) == ("One", "For May")
    assert row.sync["title"]["rev"] == 1


async def test_a_record_whose_name_is_refused_is_not_created_and_nothing_is_told(session: AsyncSession) -> None:
    outcome = await one(session, title="x" * 99, text="For May")
    assert (outcome.outcome, outcome.local_id) == ("rejected", None)
    assert await notes(session) == 0
    assert await events(session) == []


async def test_a_possible_twin_makes_the_delivery_wait_until_the_hub_has_seen_it(session: AsyncSession) -> None:
    row = enter(session, isbn="978-3")
    await session.flush()
    waiting = await one(session, title="Plans", isbn="978-3")
    assert (waiting.outcome, waiting.local_id) == ("skipped", None)
    linked = await one(session, canonical_id=waiting.canonical_id, local_id=row.id, seen_seq=1, title="Plans B")
    assert (linked.outcome, linked.local_id) == ("applied", str(row.id))
    assert await notes(session) == 1
    assert (await note(session, linked)).canonical_id == waiting.canonical_id


async def test_a_record_that_is_linked_is_told_of_once_with_its_canonical_id(session: AsyncSession) -> None:
    rows = [enter(session, isbn=f"978-{number}") for number in range(2)]
    await session.flush()
    linking = [delivery(local_id=row.id, seen_seq=1, title=row.title, isbn=row.isbn) for row in rows]
    for _ in range(2):
        assert {outcome.seq for outcome in await apply(session, NOTE, linking)} == {2}
    told = [event for event in await events(session) if event["origin"] == "gateway"]
    assert [(event["local_id"], event["canonical_id"], event["seq"], event["changes"]) for event in told] == [
        (str(row.id), str(item.canonical_id), 2, []) for row, item in zip(rows, linking, strict=True)
    ]
    assert {row.version for row in rows} == {1}


async def test_an_event_follows_only_when_a_value_moved_or_is_kept_otherwise(session: AsyncSession) -> None:
    created = await one(session, title="One", text="For May")
    before = len(await events(session))
    same = await one(session, canonical_id=created.canonical_id, rev=2, title="One", text="For May")
    assert same.outcome == "applied"
    assert len(await events(session)) == before
    trimmed = await one(session, canonical_id=created.canonical_id, rev=3, title=" One ")
    assert trimmed.outcome == "applied"
    (event,) = (await events(session))[before:]
    assert changes(event) == {"title": ("One", "One", 3)}


async def test_a_delivery_moves_the_clock_of_the_next_edit(session: AsyncSession) -> None:
    far = 4_000_000_000_000_000
    created = await one(session, title="One", hlc=far)
    row = await note(session, created)
    with edit(session, NOTE, row, "anna"):
        row.title = "Two"
    assert row.hlc == far + 1


async def test_life_travels_like_any_other_group(session: AsyncSession) -> None:
    created = await one(session, title="One")
    await one(session, canonical_id=created.canonical_id, rev=2, life="dead")
    assert (await note(session, created)).archived_at is not None
    await one(session, canonical_id=created.canonical_id, rev=3, life="live")
    assert (await note(session, created)).archived_at is None


async def test_an_archived_record_still_takes_deliveries(session: AsyncSession) -> None:
    created = await one(session, title="One")
    archive(session, NOTE, await note(session, created), "anna")
    await session.flush()
    assert (await one(session, canonical_id=created.canonical_id, rev=2, seen_seq=2, title="Two")).outcome == "applied"


async def test_a_fresh_edit_of_a_restored_row_is_not_overwritten_although_its_number_was_merged_before(
    session: AsyncSession,
) -> None:
    created = await one(session, title="One")
    row = await note(session, created)
    with edit(session, NOTE, row, "anna"):
        row.title = "Anna's"
    own = row.sync["title"]
    lost_life = {"canonical_id": created.canonical_id, "rev": 2, "seen_seq": 9, "title": "Two"}
    before = {"time_us": own["at"] - 1, "seq": 9}
    assert (await one(session, **lost_life, last_merged=before)).outcome == "skipped"
    assert (await one(session, **lost_life, last_merged={"time_us": own["at"], "seq": own["seq"]})).outcome == "applied"


async def test_the_next_edit_names_the_edits_that_were_delivered_with_its_group(session: AsyncSession) -> None:
    created = await one(session, title="One", seen={"shop": (5, 1)})
    row = await note(session, created)
    await one(session, canonical_id=created.canonical_id, rev=2, title="Two", seen={"shop": (9, 2)})
    with edit(session, NOTE, row, "anna"):
        row.title = "Anna's"
    await session.flush()
    announced = (await events(session))[-1]
    named = {change["group"]: change.get("seen") for change in announced["changes"]}
    assert named == {"title": {"shop": [9, 2]}, "life": None}
    assert announced["sync"]["title"]["seen"] == {"shop": [9, 2]}


async def test_a_row_that_is_not_there_any_more_is_not_made_of_the_groups_of_a_change(session: AsyncSession) -> None:
    outcome = await one(session, local_id=uuid4(), title="Two")
    assert (outcome.outcome, outcome.local_id) == ("skipped", None)
    assert outcome.problem is not None
    assert outcome.problem["type"] == "/problems/row-gone"
    assert await notes(session) == 0


async def test_a_delivery_below_what_the_row_has_says_what_that_is(session: AsyncSession) -> None:
    created = await one(session, title="One", rev=7)
    late = await one(session, canonical_id=created.canonical_id, rev=3, title="Late")
    assert (late.outcome, late.ahead) == ("already", {"title": 7})
    assert (await one(session, canonical_id=created.canonical_id, rev=7, title="One")).ahead == {}


async def test_the_status_names_the_database_and_a_position_that_grows(session: AsyncSession) -> None:
    before = await status(session, [NOTE])
    assert (before.system, before.kinds) == ("notebook", ["note"])
    enter(session)
    await session.flush()
    after = await status(session, [NOTE])
    assert after.incarnation == before.incarnation
    assert after.position > before.position


async def test_a_tag_that_is_gone_is_forgotten_and_neither_comes_back_nor_meets_its_own_removal(
    session: AsyncSession,
) -> None:
    floors = {"tag": {"after": 0, "rev": 1}}
    created = await one(session, title="One", tag__work=True, floors=floors)
    gone = {"canonical_id": created.canonical_id, "rev": 2, "tag__work": None}
    assert (await one(session, **gone, floors={"tag": {"after": 1, "rev": 2}})).outcome == "applied"
    row = await note(session, created)
    assert row.sync.keys() == {"title", "tag"}
    late = await one(session, canonical_id=created.canonical_id, tag__work=True, floors=floors)
    assert (late.outcome, row.tags) == ("already", {})
    with edit(session, NOTE, row, "anna"):
        row.tag("work", True)
    assert changes((await events(session))[-1])["tag:work"] == (None, True, 2)


async def test_a_record_shows_how_far_all_others_are(session: AsyncSession) -> None:
    row = enter(session)
    assert sync_state(row)["state"] == "on_its_way"
    peers: dict[str, Any] = {"shop": {"state": "in_step"}, "archive": {"state": "rejected", "reason": "no room"}}
    await session.flush()
    linked = await one(session, local_id=row.id, seen_seq=1, title="Plans", peers=peers)
    row = await note(session, linked)
    assert row.merged_seq == 1
    assert sync_state(row)["state"] == "rejected"
    assert sync_state(row)["systems"]["archive"] == {"state": "rejected", "reason": "no room", "fields": []}
    peers["archive"] = {"state": "in_step"}
    await one(session, canonical_id=linked.canonical_id, local_id=row.id, seen_seq=1, rev=2, title="Plans", peers=peers)
    row = await note(session, linked)
    assert sync_state(row)["state"] == "in_step"
    with edit(session, NOTE, row, "anna"):
        row.title = "Plans B"
    state = sync_state(row)
    assert (state["state"], state["systems"]["shop"]["state"]) == ("on_its_way", "on_its_way")


async def test_how_far_the_hub_has_followed_never_goes_back(session: AsyncSession) -> None:
    row = enter(session)
    row.seq = 9
    await session.flush()
    await one(session, local_id=row.id, seen_seq=7, title="Plans")
    late = await one(session, local_id=row.id, canonical_id=row.canonical_id, seen_seq=3, title="Plans")
    assert (await note(session, late)).merged_seq == 7


async def test_another_tenants_record_is_not_reached_by_its_id(session: AsyncSession) -> None:
    mine = await one(session, title="Mine")
    await act_for(session, OTHER_TENANT)
    theirs = await one(session, local_id=mine.local_id, title="Theirs")
    assert theirs.local_id != mine.local_id
    await act_for(session)
    assert (await note(session, mine)).title == "Mine"


async def test_a_record_that_somebody_is_changing_comes_round_again_and_holds_up_no_other(emptied: Sessions) -> None:
    ids = [uuid4() for _ in range(5)]
    async with transaction(emptied, TENANT) as session:
        first = await apply(session, NOTE, [delivery(each, title="Plans") for each in ids])
    local = {each.canonical_id: each.local_id for each in first}
    newer = [delivery(each, rev=2, local_id=local[each], title="Plans for May") for each in ids]
    async with transaction(emptied, TENANT) as user:
        locked = await user.get_one(Note, local[ids[2]], with_for_update=True)
        async with transaction(emptied, TENANT) as session:
            outcomes = await apply(session, NOTE, newer)
        locked.text = "While the delivery was here"
    assert [each.outcome for each in outcomes] == ["applied", "applied", "skipped", "applied", "applied"]
    async with transaction(emptied, TENANT) as session:
        assert [each.outcome for each in await apply(session, NOTE, newer)] == [
            "already", "already", "applied", "already", "already",
        ]  # fmt: skip


async def test_a_batch_gives_way_when_many_records_are_locked(emptied: Sessions) -> None:
    ids = [uuid4() for _ in range(40)]
    async with transaction(emptied, TENANT) as session:
        first = await apply(session, NOTE, [delivery(each, title="Plans") for each in ids])
    newer = [delivery(each.canonical_id, rev=2, local_id=each.local_id, title="Plans for May") for each in first]
    async with transaction(emptied, TENANT) as user:
        await NOTE.rows(user, [UUID(str(each.local_id)) for each in first], [])
        async with transaction(emptied, TENANT) as session:
            outcomes = await asyncio.wait_for(apply(session, NOTE, newer), 10)
    assert {each.outcome for each in outcomes} == {"skipped"}


async def test_each_items_event_keeps_the_correlation_id_of_the_edit_that_caused_it(session: AsyncSession) -> None:
    sent = ["edit-1", "edit-2", None, "not harmless\n"]
    with telemetry.relayed(correlation="the-call"):
        await apply(session, NOTE, [delivery(title="Plans", correlation_id=each) for each in sent])
    found = await session.scalars(select(OutboxRow).order_by(OutboxRow.id))
    assert [row.attributes["correlationid"] for row in found] == ["edit-1", "edit-2", "the-call", "the-call"]


async def test_what_the_log_says_of_an_item_has_the_correlation_id_of_its_edit(session: AsyncSession) -> None:
    with capture_logs(processors=[telemetry.add_trace]) as lines:
        await apply(session, NOTE, [delivery(title="Plans", correlation_id="edit-1")])
        await apply(session, NOTE, [delivery(title="Plans", text="\0", correlation_id="edit-2")])
    known = {(line["event"], line["correlation_id"]) for line in lines}
    assert {("item_delivered", "edit-1"), ("delivery_failed", "edit-2")} <= known
