import itertools
import json
import random
from dataclasses import replace

from gateway.merge.merge import Event, Register, clamp, resolve
from gateway.merge.policy import Json
from hypothesis import given
from hypothesis import strategies as st

from .factories import (
    DOMAINS,
    FIXED,
    GROUPS,
    SAMPLE,
    SYSTEMS,
    Record,
    event,
    histories,
    normalised,
    shown,
    thorough,
    values,
    with_state,
)


def interleaved(by_system: dict[str, list[Event]], order: random.Random) -> list[Event]:
    """One order of arrival that keeps the order within each system."""
    queues = [list(events) for events in by_system.values() if events]
    arrived = []
    while queues:
        queue = order.choice(queues)
        arrived.append(queue.pop(0))
        queues = [events for events in queues if events]
    return arrived


@given(histories(), st.randoms(use_true_random=False))
@thorough
def test_replaying_events_changes_nothing(by_system: dict[str, list[Event]], order: random.Random) -> None:
    arrived = interleaved(by_system, order)
    once, again = Record(), Record()
    for position, one in enumerate(arrived):
        once.merge(one)
        again.merge(one)
        before = dict(again.registers)
        again.merge(order.choice(arrived[: position + 1]))
        assert again.merged[-1].outcome == "duplicate"
        assert again.registers == before
    assert once.registers == again.registers


@given(histories(), st.randoms(use_true_random=False), st.randoms(use_true_random=False))
@thorough
def test_concurrent_edits_commute(by_system: dict[str, list[Event]], one: random.Random, other: random.Random) -> None:
    first, second = Record(), Record()
    first.merge(*interleaved(by_system, one))
    second.merge(*interleaved(by_system, other))
    assert shown(first.registers) == shown(second.registers)


@given(histories(), st.randoms(use_true_random=False))
@thorough
def test_every_value_is_current_or_replaced_by_its_own_author_or_logged(
    by_system: dict[str, list[Event]], order: random.Random
) -> None:
    record = Record()
    record.merge(*interleaved(by_system, order))
    for group in set(GROUPS) - {"points"}:
        for events in by_system.values():
            written = [change.new for one in events for change in one.changes if change.group == group]
            for value in written[-1:]:
                current = normalised(group, record.value(group)) == normalised(group, value)
                assert current or repr(value) in record.logged(group)


@given(st.sampled_from(sorted(DOMAINS)), st.data())
@thorough
def test_an_edit_made_after_seeing_a_value_never_loses_to_it(group: str, data: st.DataObject) -> None:
    record = Record()
    for seq, system in enumerate(SYSTEMS, start=1):
        record.merge(event(system, 1, (group, None, data.draw(values(group)), 0), hlc=1000 * seq))
    seen = record.registers[group].rev
    record.merge(event("erp", 2, (group, None, (written := data.draw(values(group))), seen), hlc=1))
    assert normalised(group, record.value(group)) == normalised(group, written)
    assert set(record.registers[group].heads) == {"erp"}


@given(histories(), st.randoms(use_true_random=False))
@thorough
def test_the_revision_grows_with_every_change(by_system: dict[str, list[Event]], order: random.Random) -> None:
    record = Record()
    for one in interleaved(by_system, order):
        before = {change.group: record.registers.get(change.group, Register()).rev for change in one.changes}
        record.merge(one)
        assert all(record.registers[group].rev > rev for group, rev in before.items())


@given(histories(), st.randoms(use_true_random=False))
@thorough
def test_a_new_revision_of_a_member_is_above_all_others_of_its_family(
    by_system: dict[str, list[Event]], order: random.Random
) -> None:
    record, given = Record(), dict[str, list[int]]()
    for one in interleaved(by_system, order):
        record.merge(one)
        for change in one.changes:
            given.setdefault(change.group.partition(":")[0], []).append(record.registers[change.group].rev)
    assert all(revisions == sorted(set(revisions)) for revisions in given.values())


@given(histories(), st.randoms(use_true_random=False))
@thorough
def test_a_register_is_the_same_after_it_was_stored(by_system: dict[str, list[Event]], order: random.Random) -> None:
    record = Record()
    for one in interleaved(by_system, order):
        record.merge(one)
    for register in record.registers.values():
        assert Register.from_json(json.loads(json.dumps(register.to_json()))) == register


@given(st.lists(st.lists(st.integers(-5, 5), min_size=1, max_size=4), min_size=3, max_size=3), st.randoms())
@thorough
def test_a_counter_is_the_sum_of_all_deltas(deltas: list[list[int]], order: random.Random) -> None:
    by_system = {
        system: [event(system, seq, ("points", 10, 10 + delta, 0)) for seq, delta in enumerate(made, start=1)]
        for system, made in zip(SYSTEMS, deltas, strict=True)
    }
    record = Record()
    arrived = interleaved(by_system, order)
    record.merge(*arrived, *arrived)
    assert record.value("points") == sum(itertools.chain(*deltas))


@given(histories(systems=("crm",)), st.data())
@thorough
def test_a_gap_is_repaired_to_the_state_without_it(by_system: dict[str, list[Event]], data: st.DataObject) -> None:
    complete = lawful(by_system["crm"])
    arrived = [one for one in complete[:-1] if data.draw(st.booleans())] + complete[-1:]
    other = event("erp", 1, *[(group, None, data.draw(values(group)), 0) for group in DOMAINS], hlc=2)
    whole, holed = Record(), Record()
    whole.merge(*complete, other)
    holed.merge(*arrived, other)
    whole.registers.pop("points", None)
    holed.registers.pop("points", None)
    assert what_survived(holed) == what_survived(whole)


def lawful(events: list[Event]) -> list[Event]:
    """Without lines that were written after the stage had fixed them: only an event of its own tells of those."""
    kept, fixed = [], False
    for one in events:
        changes = tuple(change for change in one.changes if not (fixed and change.group.startswith("line:")))
        kept.append(replace(one, changes=changes))
        fixed |= any(change.group == "stage" and change.new in FIXED for change in changes)
    return with_state(kept)


def what_survived(record: Record) -> dict[str, tuple[Json, bool, dict[str, tuple[Json, int]]]]:
    """Values and heads, but not which event brought them."""
    return {
        group: (value, parked, {origin: head[:2] for origin, head in heads.items()})
        for group, (value, parked, heads) in shown(record.registers).items()
    }


@given(st.sampled_from(sorted(DOMAINS)), st.data())
@thorough
def test_a_steward_has_the_last_word_over_all_heads(group: str, data: st.DataObject) -> None:
    record = Record()
    for system in SYSTEMS:
        record.merge(event(system, 1, (group, None, data.draw(values(group)), 0)))
    chosen = data.draw(values(group))
    resolution = resolve(
        record.registers, group, chosen, actor="stella", at="now", hlc=0, event_id="hub-1", kind=SAMPLE
    )
    assert resolution.register.value == chosen
    assert not resolution.register.parked
    assert list(resolution.register.heads) == ["hub"]
    assert resolution.register.rev == record.registers[group].rev + 1
    if resolution.decision:
        assert {e.origin for e in resolution.decision.heads} == {*record.registers[group].heads, "hub"}


@given(st.integers(0, 10**16), st.integers(0, 10**16))
@thorough
def test_a_clock_that_runs_ahead_is_set_back_to_the_limit(hlc: int, now: int) -> None:
    clamped, set_back = clamp(hlc, now, limit=60)
    assert clamped <= now + 60_000_000
    assert set_back == (clamped != hlc)
    assert not set_back or clamped == now + 60_000_000
