"""A policy that depends on the record's state, and one that depends on whether the owner has spoken. By example."""

import itertools
from dataclasses import replace

import pytest
from gateway.kinds import KINDS
from gateway.merge.merge import Event, Mark, resolve
from gateway.merge.policy import Json

from .factories import Record, event
from .test_interleavings import orders

ORDER, PRODUCT = KINDS["order"], KINDS["product"]
LINE = "line:1"


def written(
    system: str, seq: int, state: str | None, *changes: tuple[str, Json, Json, int], hlc: int | None = None
) -> Event:
    """An edit whose author had the record in `state`, if it does not say otherwise."""
    one = event(system, seq, *changes, hlc=hlc)
    new = {change.group: change.new for change in one.changes}
    marks = {group: Mark(seq, ctx, one.hlc) for group, _, _, ctx in changes}
    return replace(one, snapshot={"state": state, **new}, sync=marks)


def entered(state: str = "draft") -> Event:
    return written("crm", 1, None, ("state", None, state, 0), (LINE, None, "12 chai", 0), ("currency", None, "EUR", 0))


def said(record: Record, group: str = LINE) -> list[tuple[str, Json, str]]:
    """Every value of a group in the log: (origin, value, outcome)."""
    decisions = [decision for merged in record.merged for decision in merged.decisions if decision.group == group]
    return [(entry.origin, entry.value, entry.outcome) for decision in decisions for entry in decision.heads]


def test_an_order_that_is_submitted_as_it_is_entered_keeps_its_lines() -> None:
    record = Record(ORDER)
    record.merge(entered("submitted"))
    assert (record.value("state"), record.value(LINE), said(record)) == ("submitted", "12 chai", [])


def test_while_it_is_a_draft_the_newest_line_counts() -> None:
    record = Record(ORDER)
    record.merge(entered(), written("erp", 1, "draft", (LINE, "12 chai", "20 chai", 1)))
    record.merge(written("crm", 2, "draft", (LINE, "12 chai", "10 chai", 1), hlc=99))
    assert record.value(LINE) == "10 chai"
    assert record.merged[-1].decisions[0].policy == "newest"


def test_what_the_crm_writes_after_it_has_submitted_is_refused_and_reverted() -> None:
    record = Record(ORDER)
    record.merge(entered("submitted"), written("crm", 2, "submitted", (LINE, "12 chai", "10 chai", 1)))
    assert (record.value(LINE), record.registers[LINE].rev) == ("12 chai", 2)
    assert said(record) == [("crm", "12 chai", "kept"), ("crm", "10 chai", "refused")]
    assert record.merged[-1].decisions[0].policy == "strict:erp"


def test_an_event_that_submits_keeps_the_lines_that_it_changes() -> None:
    record = Record(ORDER)
    record.merge(
        entered(), written("crm", 2, "draft", (LINE, "12 chai", "9 chai", 1), ("state", "draft", "submitted", 1))
    )
    assert record.value(LINE) == "9 chai"


def test_the_erp_writes_lines_in_every_state() -> None:
    record = Record(ORDER)
    record.merge(entered("submitted"), written("erp", 1, "submitted", (LINE, "12 chai", "6 chai", 1)))
    assert record.value(LINE) == "6 chai"


def test_the_erp_stands_by_its_lines_and_meets_an_edit_that_it_has_not_seen_in_any_order() -> None:
    confirmed = written("erp", 1, "confirmed", ("state", "draft", "confirmed", 1), (LINE, "12 chai", "12 chai", 1))
    unseen = written("crm", 2, "draft", (LINE, "12 chai", "50 chai", 1), hlc=999)
    for arrived in orders([confirmed], [unseen]):
        record = Record(ORDER)
        record.merge(entered(), *arrived)
        assert record.value(LINE) == "12 chai"
        assert set(record.registers[LINE].heads) == {"crm", "erp"}
        assert {(origin, value) for origin, value, _ in said(record)} == {("erp", "12 chai"), ("crm", "50 chai")}


def test_what_was_decided_while_it_was_a_draft_is_decided_anew_when_it_is_one_no_more() -> None:
    crm = [
        written("crm", 2, "draft", (LINE, "12 chai", "50 chai", 1), hlc=999),
        written("crm", 3, "submitted", ("state", "draft", "submitted", 1), hlc=1000),
    ]
    erp = [written("erp", 1, "draft", (LINE, "12 chai", "11 chai", 1))]
    for arrived in orders(crm, erp):
        record = Record(ORDER)
        record.merge(entered(), *arrived)
        assert (record.value(LINE), record.registers[LINE].rule) == ("11 chai", "strict:erp")
        assert ("crm", "50 chai") in {(origin, value) for origin, value, _ in said(record)}


def test_a_lost_edit_of_a_draft_is_repaired_from_the_event_that_submitted_it() -> None:
    record = Record(ORDER)
    late = written("crm", 3, "submitted", ("state", "draft", "submitted", 0))
    late = replace(late, snapshot={"state": "submitted", LINE: "12 chai"}, sync={**late.sync, LINE: Mark(2, 0, 2)})
    record.merge(late)
    assert (record.value(LINE), said(record)) == ("12 chai", [])


def test_a_steward_who_makes_it_a_draft_again_brings_the_newest_line_back() -> None:
    record = Record(ORDER)
    record.merge(entered(), written("erp", 1, "draft", (LINE, "12 chai", "11 chai", 1)))
    record.merge(
        written("crm", 2, "draft", (LINE, "12 chai", "50 chai", 1), ("state", "draft", "submitted", 1), hlc=99)
    )
    assert record.value(LINE) == "11 chai"
    chosen = resolve(record.registers, "state", "draft", actor="stella", at="now", hlc=9, event_id="h", kind=ORDER)
    assert {group: register.value for group, register in chosen.led.items()} == {LINE: "50 chai"}
    assert chosen.led[LINE].rev == record.registers[LINE].rev + 1


def test_cancelled_here_and_shipped_there_is_parked_whichever_comes_first() -> None:
    cancelled = written("crm", 2, "cancelled", ("state", "submitted", "cancelled", 1))
    shipped = written("erp", 1, "shipped", ("state", "submitted", "shipped", 1))
    for arrived in orders([cancelled], [shipped]):
        record = Record(ORDER)
        record.merge(entered("submitted"), *arrived)
        assert record.registers["state"].parked
        (decision,) = record.merged[-1].decisions
        assert (decision.policy, decision.winner) == ("machine", None)
        assert {(entry.origin, entry.value) for entry in decision.heads} == {("crm", "cancelled"), ("erp", "shipped")}


def test_the_first_value_of_another_system_counts_until_the_owner_has_one() -> None:
    record = Record(PRODUCT)
    record.merge(event("crm", 1, ("sku", None, "CHAI", 0)))
    assert record.value("sku") == "CHAI"
    record.merge(event("crm", 2, ("sku", "CHAI", "TEA", 1)))
    assert (record.value("sku"), said(record, "sku")[-1]) == ("CHAI", ("crm", "TEA", "refused"))


@pytest.mark.parametrize("clocks", [(1, 9), (9, 1)])
def test_whoever_of_the_two_comes_first_the_owner_wins_and_the_other_is_in_the_log(clocks: tuple[int, int]) -> None:
    crm = event("crm", 1, ("sku", None, "CHAI", 0), hlc=clocks[0])
    erp = event("erp", 1, ("sku", None, "TEA-1", 0), hlc=clocks[1])
    for arrived in itertools.permutations((crm, erp)):
        record = Record(PRODUCT)
        record.merge(*arrived)
        assert record.value("sku") == "TEA-1"
        assert said(record, "sku") == [(o, v, f) for o, v, f in said(record, "sku") if (o, f) != ("crm", "kept")]
        assert ("crm", "CHAI", "lost") in said(record, "sku")
