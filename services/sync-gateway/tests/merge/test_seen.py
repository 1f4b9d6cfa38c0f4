"""What an author had seen is known by the edits themselves, so it holds after the hub was restored. By example."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest
from gateway.deliver.compare import renew
from gateway.merge.merge import Change, Event, Register, merge_event, resolve
from gateway.merge.register import Seen
from gateway.store.records import RecordRow
from gateway.store.state import State
from hypothesis import given
from hypothesis import strategies as st

from .factories import SAMPLE, event

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def written(system: str, seq: int, value: int, *, at: int, ctx: int = 0, seen: Seen | None = None) -> Event:
    """An edit of the group `rank`, of which the greatest of concurrent values counts."""
    change = Change("rank", None, value, ctx, 0, seen)
    time = datetime.fromtimestamp(at, UTC).isoformat()
    return replace(event(system, seq, hlc=at), changes=(change,), time=time)


def merged(*events: Event, now_us: int = 0) -> Register:
    registers: dict[str, Register] = {}
    for one in events:
        registers |= merge_event(registers, one.seq - 1, one, SAMPLE, now_us=now_us).registers
    return registers["rank"]


def test_an_edit_replaces_what_its_author_had_seen_whichever_the_restored_hub_reads_first() -> None:
    """The hub gives them other revisions than the one that the author of the second had in front of them."""
    first = written("crm", 1, 3, at=1)
    second = written("erp", 1, 1, at=2, ctx=77, seen={"crm": [1_000_000, 1]})
    for order in permutations((first, second)):
        assert (merged(*order, now_us=500).value, set(merged(*order).heads)) == (1, {"erp"})


def test_an_edit_that_comes_late_is_replaced_by_all_that_replaced_it() -> None:
    first = written("crm", 1, 3, at=1)
    second = written("erp", 1, 2, at=2, seen={"crm": [1_000_000, 1]})
    third = written("shop", 1, 1, at=3, seen={"crm": [1_000_000, 1], "erp": [2_000_000, 1]})
    assert {merged(*order).value for order in permutations((first, second, third))} == {1}


@pytest.mark.parametrize(("at", "seq"), [(9, 1), (1, 9)])
def test_an_edit_that_is_later_by_its_time_or_by_its_number_was_not_seen(at: int, seq: int) -> None:
    """The row was restored and gives its numbers again, or its clock was set back."""
    other = written("crm", seq, 3, at=at)
    for order in permutations((other, written("erp", 1, 1, at=5, seen={"crm": [5_000_000, 5]}))):
        assert (merged(*order).value, set(merged(*order).heads)) == (3, {"crm", "erp"})


def test_what_is_awaited_ends_when_it_is_merged() -> None:
    second = written("erp", 1, 1, at=2, seen={"crm": [1_000_000, 1]})
    waiting = merge_event({}, 0, second, SAMPLE, merged={})
    assert waiting.registers["rank"].awaited == {"crm": [1_000_000, 1]}
    late = merge_event(waiting.registers, 0, written("crm", 1, 3, at=1), SAMPLE, merged={"crm": (1_000_000, 1)})
    assert late.registers["rank"].awaited == {}


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_revision_is_above_all_others_and_never_below_the_clock(ctx: int, now_us: int) -> None:
    first = written("crm", 1, 1, at=1)
    again = merged(first, written("crm", 2, 2, at=2, ctx=ctx), now_us=now_us)
    assert again.rev == max(max(now_us, 1) + 1, ctx + 1, now_us)
    chosen = resolve(
        {"rank": again}, "rank", 3, actor="stella", at="now", hlc=0, event_id="h", kind=SAMPLE, now_us=now_us
    )
    assert chosen.register.rev == again.rev + 1


def test_an_acknowledgement_of_a_revision_that_the_hub_never_gave_is_no_edit() -> None:
    """It is of the hub's lost life, and stands for another value."""
    registers = merge_event({}, 0, written("crm", 1, 1, at=1), SAMPLE).registers
    acknowledged = replace(written("erp", 1, 2, at=2, ctx=7), origin="gateway")
    assert merge_event(registers, 0, acknowledged, SAMPLE).registers == {}


def test_what_was_merged_since_the_restore_was_noticed_is_not_renewed_and_all_else_is() -> None:
    record = RecordRow.new(UUID(int=1), SAMPLE.name, NOW, UUID(int=2))
    record.put({"name": Register(3), "rank": Register(2), "stage": Register(70)}, NOW)
    renew(State(systems={}), record, 50, NOW)
    assert {group: register.rev for group, register in record.decoded.items()} == {"rank": 71, "name": 72, "stage": 70}
    before = record.registers
    renew(State(systems={}), record, 50, NOW)
    assert record.registers == before
