import itertools

import pytest
from gateway.merge.merge import Entry
from gateway.merge.policy import (
    STEWARD,
    Head,
    Json,
    Policy,
    UnknownPolicy,
    decide,
    delete_wins,
    manual,
    maximum,
    member,
    minimum,
    newest,
    parse,
    prefer,
    same,
    simulate,
    strict,
    undeclared,
    update_wins,
)
from hypothesis import given
from hypothesis import strategies as st

from .factories import DOMAINS, POLICIES, SAMPLE, SYSTEMS, thorough


def head(value: Json, hlc: int = 1, event_id: str = "1", *, first: bool = False) -> Head:
    return Head(value, hlc, 1, event_id, "anna", "2024-01-01T00:00:00Z", first)


def heads_of(group: str) -> st.SearchStrategy[dict[str, Head]]:
    one = st.builds(
        head, st.sampled_from(DOMAINS[group]), st.integers(1, 2), st.sampled_from("12"), first=st.booleans()
    )
    return st.dictionaries(st.sampled_from((*SYSTEMS, STEWARD)), one, min_size=1)


@given(st.sampled_from(sorted(DOMAINS)).flatmap(lambda group: st.tuples(st.just(group), heads_of(group))))
@thorough
def test_a_verdict_does_not_depend_on_the_order_of_the_heads(case: tuple[str, dict[str, Head]]) -> None:
    group, heads = case
    spec = SAMPLE.group(group)
    verdicts = {
        repr(decide(spec.policy, dict(order), spec.normalise)) for order in itertools.permutations(heads.items())
    }
    assert len(verdicts) == 1


@given(st.sampled_from(sorted(DOMAINS)).flatmap(lambda group: st.tuples(st.just(group), heads_of(group))))
@thorough
def test_the_value_shown_is_one_that_somebody_wrote(case: tuple[str, dict[str, Head]]) -> None:
    group, heads = case
    spec = SAMPLE.group(group)
    verdict = decide(spec.policy, heads, spec.normalise)
    assert any(verdict.value is written.value for written in heads.values())
    if verdict.winner is not None:
        assert heads[verdict.winner].value == verdict.value
    distinct = len({repr(spec.normalise(written.value)) for written in heads.values()}) > 1
    assert verdict.contested == distinct


@given(heads_of("name"))
@thorough
def test_one_value_is_never_a_conflict(heads: dict[str, Head]) -> None:
    equal = {origin: head("n1", one.hlc) for origin, one in heads.items()}
    for policy in POLICIES.values():
        verdict = decide(policy, equal)
        assert (verdict.value, verdict.parked, verdict.contested) == ("n1", False, False)


@pytest.mark.parametrize(
    ("policy", "heads", "value", "winner"),
    [
        (newest, {"crm": head("a", 2), "erp": head("b", 1)}, "a", "crm"),
        (newest, {"crm": head("a", 1), "erp": head("b", 1)}, "b", "erp"),
        (prefer("crm"), {"crm": head("a", 1), "erp": head("b", 9)}, "a", "crm"),
        (prefer("crm"), {"shop": head("a", 1), "erp": head("b", 9)}, "b", "erp"),
        (strict("erp"), {"crm": head("a", 9), "erp": head("b", 1)}, "b", "erp"),
        (strict("erp"), {"erp": head("a", 1), STEWARD: head("b", 9)}, "a", "erp"),
        (maximum, {"crm": head(9, 1), "erp": head("10.5", 1)}, "10.5", "erp"),
        (minimum, {"crm": head("2024-02-01", 1), "erp": head("2024-01-31", 9)}, "2024-01-31", "erp"),
        (member, {"crm": head(True, 1), "erp": head(False, 9)}, True, "crm"),
        (update_wins, {"crm": head("live", 1), "erp": head("dead", 9)}, "live", "crm"),
        (delete_wins, {"crm": head("live", 9), "erp": head("dead", 1)}, "dead", "erp"),
        (POLICIES["stage"], {"crm": head("paid", 1), "erp": head("draft", 9)}, "paid", "crm"),
    ],
)
def test_the_table_of_policies(policy: Policy, heads: dict[str, Head], value: Json, winner: str) -> None:
    verdict = decide(policy, heads)
    assert (verdict.value, verdict.parked, verdict.winner) == (value, False, winner)


@pytest.mark.parametrize("policy", [manual, POLICIES["stage"]])
def test_what_only_a_person_can_decide_is_parked_with_the_newest_as_provisional(policy: Policy) -> None:
    verdict = decide(policy, {"crm": head("paid", 1), "erp": head("cancelled", 2)})
    assert (verdict.value, verdict.parked, verdict.winner) == ("cancelled", True, None)


def test_a_group_that_nobody_declared_is_kept_and_parked() -> None:
    assert decide(undeclared, {"crm": head("a")}).parked


@pytest.mark.parametrize("policy", [newest, prefer("crm"), manual])
def test_a_value_beats_an_empty_field_when_records_are_linked(policy: Policy) -> None:
    verdict = decide(policy, {"crm": head(None, 9), "erp": head("b", 1, first=True)})
    assert (verdict.value, verdict.parked, verdict.rule) == ("b", False, "non_empty")


def test_emptying_a_field_wins_later_on() -> None:
    assert decide(newest, {"crm": head(None, 9), "erp": head("b", 1)}).value is None


def test_true_is_not_one_and_order_of_fields_carries_no_meaning() -> None:
    assert not same(True, 1)
    assert same({"a": 1, "b": [None, "x"]}, {"b": [None, "x"], "a": 1.0})
    assert not same(["array"], {"array": None})


def test_a_policy_is_written_and_read_by_its_name() -> None:
    for policy in POLICIES.values():
        if policy.rule != "machine":
            assert parse(policy.name) == policy


@pytest.mark.parametrize("text", ["oldest", "prefer", "newest:crm", "", "machine"])
def test_an_unknown_policy_is_named_with_those_that_exist(text: str) -> None:
    with pytest.raises(UnknownPolicy, match="prefer:<system>"):
        parse(text)


def test_past_decisions_can_be_taken_again_under_another_policy() -> None:
    entries = [
        Entry("erp", 1, "ines", "2024-01-01T00:00:00Z", 1, "e", "kept"),
        Entry("crm", 2, "anna", "2024-01-01T00:00:00Z", 2, "c", "refused"),
    ]
    assert simulate(entries, strict("erp")).value == 1
    assert simulate(entries, newest).value == 2
    assert simulate(entries, strict("shop")).value is None
    assert simulate(entries, manual).parked
