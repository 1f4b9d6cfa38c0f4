"""The merge by example: gaps, echoes, refusals, first links, invariants."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from gateway.kinds import KINDS
from gateway.merge.merge import Event, Mark, Violation, resolve
from gateway.merge.policy import Json

from .factories import SAMPLE, Record, event


def stored(system: str, seq: int, group: str, value: Json, rev: int) -> Event:
    """The event of a spoke that has taken a delivery."""
    return event(system, seq, (group, None, value, rev), origin="gateway", sync={group: Mark(0, rev, 0)})


def rules(record: Record) -> list[str]:
    return [decision.rule for merged in record.merged for decision in merged.decisions]


def test_a_delivery_that_was_stored_as_sent_is_only_acknowledged() -> None:
    record = Record()
    record.merge(event("crm", 1, ("email", None, "Anna@x.org", 0)), stored("erp", 1, "email", "anna@x.org", 1))
    assert record.merged[-1].outcome == "acknowledged"
    assert record.merged[-1].acknowledged == {"email": 1}
    assert record.registers["email"].rev == 1
    assert record.seen == {"crm": 1, "erp": 1}


def test_what_a_spoke_stored_differently_is_its_edit_and_is_logged() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "a long name", 0)), stored("erp", 1, "name", "a long", 1))
    assert record.value("name") == "a long"
    assert set(record.registers["name"].heads) == {"erp"}
    assert rules(record) == ["stored_differently"]
    assert record.logged("name") == {"'a long name'", "'a long'"}


def test_an_answer_to_an_older_revision_changes_nothing() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "n1", 0)), event("crm", 2, ("name", "n1", "n2", 1)))
    record.merge(stored("erp", 1, "name", "n1", 1))
    assert record.value("name") == "n2"
    assert record.registers["name"].rev == 2


def bounce(record: Record, times: int) -> None:
    """Each side stores every delivery in its own way."""
    for _ in range(times):
        system, value = ("crm", "long") if record.value("name") == "short" else ("erp", "short")
        record.merge(stored(system, record.seen.get(system, 0) + 1, "name", value, record.registers["name"].rev))


def test_a_group_that_changes_sides_more_than_three_times_is_parked() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "long", 0)))
    bounce(record, 3)
    assert not record.registers["name"].parked
    bounce(record, 1)
    assert record.registers["name"].parked
    assert rules(record) == ["stored_differently"] * 3 + ["bounce"]


def test_a_user_event_between_two_bounces_begins_the_count_anew() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "long", 0)))
    bounce(record, 3)
    record.merge(event("crm", 3, ("name", "short", "other", record.registers["name"].rev)))
    bounce(record, 2)
    assert not record.registers["name"].parked


def test_a_user_or_a_steward_ends_the_parking_of_a_bounce() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "long", 0)))
    bounce(record, 4)
    chosen = resolve(record.registers, "name", "short", actor="stella", at="now", hlc=9, event_id="hub-1", kind=SAMPLE)
    assert not chosen.register.parked
    assert chosen.register.bounces == 0
    record.merge(event("crm", 4, ("name", "long", "other", record.registers["name"].rev)))
    assert not record.registers["name"].parked


def test_a_spoke_that_keeps_changing_a_strict_group_is_parked_in_the_end() -> None:
    record = Record()
    record.merge(event("erp", 1, ("credit", None, 100, 0)))
    for seq in range(1, 5):
        record.merge(stored("crm", seq, "credit", 99, record.registers["credit"].rev))
    assert record.value("credit") == 100
    assert record.registers["credit"].parked
    assert rules(record) == ["strict:erp"] * 3 + ["bounce"]


def test_a_counter_that_bounces_is_parked_with_a_line_in_the_log() -> None:
    record = Record()
    record.merge(event("crm", 1, ("points", 0, 10, 0)))
    for seq in range(1, 5):
        record.merge(stored("erp", seq, "points", 10 + seq, record.registers["points"].rev))
    assert (record.value("points"), record.registers["points"].parked) == (14, True)
    assert "bounce" in rules(record)


def test_a_refused_edit_is_logged_and_sent_back_under_a_new_revision() -> None:
    record = Record()
    record.merge(event("erp", 1, ("credit", None, 100, 0)), event("crm", 1, ("credit", None, 500, 1)))
    assert (record.value("credit"), record.registers["credit"].rev) == (100, 2)
    (decision,) = record.merged[-1].decisions
    assert [(entry.origin, entry.value, entry.outcome) for entry in decision.heads] == [
        ("erp", 100, "kept"),
        ("crm", 500, "refused"),
    ]
    assert decision.winner == "erp"


def test_a_refused_edit_that_changes_nothing_is_no_conflict() -> None:
    record = Record()
    record.merge(event("erp", 1, ("credit", None, 100, 0)), event("crm", 1, ("credit", None, 100, 1)))
    assert rules(record) == []
    assert record.registers["credit"].rev == 2


def test_a_gap_is_repaired_from_the_event_itself() -> None:
    record = Record()
    late = event(
        "crm",
        3,
        ("email", None, "e3", 0),
        snapshot={"name": "n2", "email": "e3"},
        sync={"name": Mark(2, 0, 2), "email": Mark(3, 0, 3), "owner": Mark(1, 0, 1)},
    )
    record.merge(late)
    assert record.merged[-1].outcome == "repaired_gap"
    assert (record.value("name"), record.value("email"), record.value("owner")) == ("n2", "e3", None)
    assert record.registers["name"].heads["crm"].hlc == 2
    assert record.seen["crm"] == 3


def test_a_lost_answer_of_a_spoke_is_found_in_the_next_event() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "a long name", 0)))
    later = event("erp", 2, ("email", None, "e1", 0), snapshot={"name": "a long"}, sync={"name": Mark(0, 1, 0)})
    record.merge(later)
    assert record.value("name") == "a long"
    assert rules(record) == ["stored_differently"]


def test_a_counter_in_a_gap_is_parked_until_a_steward_says_the_sum() -> None:
    record = Record()
    record.merge(event("crm", 1, ("points", 0, 1, 0)))
    record.merge(event("crm", 3, ("points", 5, 6, 0), snapshot={"points": 6}, sync={"points": Mark(3, 0, 3)}))
    assert (record.value("points"), record.registers["points"].parked) == (2, True)
    assert rules(record) == ["counter_gap"]
    record.merge(event("crm", 4, ("points", 6, 7, 0)))
    assert (record.value("points"), record.registers["points"].parked) == (3, True)
    chosen = resolve(record.registers, "points", 7, actor="stella", at="now", hlc=9, event_id="hub-1", kind=SAMPLE)
    record.registers["points"] = chosen.register
    record.merge(event("erp", 1, ("points", 0, 2, 0)))
    assert (record.value("points"), record.registers["points"].parked) == (9, False)


def test_the_first_event_of_a_compacted_topic_brings_the_whole_sum_of_its_system() -> None:
    record = Record()
    record.merge(event("crm", 7, ("points", 5, 6, 0), snapshot={"points": 6}, sync={"points": Mark(7, 0, 7)}))
    assert (record.value("points"), record.registers["points"].parked) == (6, False)


def test_a_counter_counts_in_the_form_that_its_system_uses() -> None:
    record = Record()
    record.merge(event("crm", 1, ("points", None, "0.10", 0)), event("erp", 1, ("points", None, "0.20", 0)))
    assert record.value("points") == "0.30"


def test_an_update_wins_over_a_delete_that_has_not_seen_it() -> None:
    record = Record()
    record.merge(event("crm", 1, ("life", None, "live", 0)))
    record.merge(event("erp", 1, ("life", "live", "dead", 1), hlc=50), event("crm", 2, ("life", "live", "live", 1)))
    assert record.value("life") == "live"
    assert rules(record) == ["update_wins"]
    record.merge(event("erp", 2, ("life", "live", "dead", record.registers["life"].rev)))
    assert record.value("life") == "dead"


def test_an_empty_field_yields_when_records_are_linked_for_the_first_time() -> None:
    record = Record()
    record.merge(event("crm", 1, ("owner", None, None, 0), hlc=9), event("erp", 1, ("owner", None, "o1", 0)))
    assert record.value("owner") == "o1"
    assert rules(record) == ["non_empty"]


def test_a_revision_is_never_given_twice_even_when_a_spoke_knows_more_than_the_hub() -> None:
    record = Record()
    record.merge(event("crm", 1, ("name", None, "n1", 40)))
    assert record.registers["name"].rev == 41


def test_a_group_that_the_kind_does_not_know_is_kept_and_delivered_to_nobody() -> None:
    record = Record()
    record.merge(event("crm", 1, ("horoscope", None, "lion", 0)))
    assert (record.value("horoscope"), record.registers["horoscope"].parked) == ("lion", True)


def even_ranks(values: Mapping[str, Json]) -> Iterator[Violation]:
    if values.get("rank") == 3:
        yield Violation("rank", "even_ranks", "3 is odd")


def test_a_broken_invariant_parks_its_group_until_a_value_keeps_it() -> None:
    record = Record(replace(SAMPLE, invariants=(even_ranks,)))
    record.merge(event("crm", 1, ("rank", None, 3, 0), ("name", None, "n1", 0)))
    assert record.registers["rank"].parked
    assert not record.registers["name"].parked
    (decision,) = record.merged[-1].decisions
    assert (decision.rule, decision.detail, decision.winner) == ("invariant:even_ranks", "3 is odd", None)
    record.merge(event("crm", 2, ("name", None, "n2", 0)))
    assert record.merged[-1].decisions == ()
    record.merge(event("crm", 3, ("rank", 3, 2, 0)))
    assert not record.registers["rank"].parked


@pytest.mark.parametrize(
    ("group", "value", "rule"),
    [
        ("legal:1", {"legal_name": "A", "valid_from": "2024-02-01", "valid_to": "2024-01-31"}, "valid_period"),
        ("payment_terms", {"days": 14, "discount_days": 30}, "discount_within_terms"),
    ],
)
def test_a_customer_that_cannot_be_is_a_conflict_of_that_group(group: str, value: Json, rule: str) -> None:
    record = Record(KINDS["customer"])
    record.merge(event("erp", 1, (group, None, value, 0), ("name", None, {"name": "A", "kind": "company"}, 0)))
    assert record.registers[group].parked
    assert rules(record) == [f"invariant:{rule}"]
    record.merge(event("erp", 2, (group, value, None, 0)))
    assert not record.registers[group].parked
