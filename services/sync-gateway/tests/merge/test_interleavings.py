"""Every order in which short concurrent histories can arrive gives the same record."""

import itertools
from collections.abc import Iterator

import pytest
from gateway.merge.merge import Event
from gateway.merge.policy import Json

from .factories import DOMAINS, Record, event, shown, with_state


def orders(*histories: list[Event]) -> Iterator[list[Event]]:
    """All interleavings that keep the order within each history."""
    if not any(histories):
        yield []
    for position, history in enumerate(histories):
        if history:
            rest = [*histories[:position], history[1:], *histories[position + 1 :]]
            yield from ([history[0], *tail] for tail in orders(*rest))


def outcomes(*histories: list[Event]) -> set[str]:
    seen = set()
    for arrived in orders(*histories):
        record = Record()
        record.merge(*arrived)
        state = {group: (v, p, sorted(h.items())) for group, (v, p, h) in sorted(shown(record.registers).items())}
        seen.add(repr(state))
    return seen


@pytest.mark.parametrize("group", [*sorted(DOMAINS), "points"])
def test_any_order_of_two_edits_on_each_of_two_sides_gives_one_state(group: str) -> None:
    domain: tuple[Json, ...] = DOMAINS.get(group, (1, 2))
    clocks = ((1, 1), (1, 2), (2, 1))
    for new in itertools.product(domain, repeat=4):
        for crm_clock, erp_clock in clocks:
            crm = [event("crm", n, (group, 0, new[n - 1], 0), hlc=crm_clock + n) for n in (1, 2)]
            erp = [event("erp", n, (group, 0, new[n + 1], 0), hlc=erp_clock + n) for n in (1, 2)]
            assert len(outcomes(crm, erp)) == 1


@pytest.mark.parametrize("group", [*sorted(DOMAINS), "points"])
def test_any_order_of_the_edits_of_three_systems_gives_one_state(group: str) -> None:
    domain: tuple[Json, ...] = DOMAINS.get(group, (1, 2))[:3]
    for new in itertools.product(domain, repeat=4):
        crm = [event("crm", n, (group, 0, new[n - 1], 0), hlc=n) for n in (1, 2)]
        erp = [event("erp", 1, (group, 0, new[2], 0), hlc=2)]
        shop = [event("shop", 1, (group, 0, new[3], 0), hlc=2)]
        assert len(outcomes(crm, erp, shop)) == 1


@pytest.mark.parametrize("stages", [("open", "paid"), ("draft", "open"), ("cancelled", "paid")])
def test_any_order_in_which_the_stage_and_its_lines_arrive_gives_one_state(stages: tuple[str, str]) -> None:
    for mine, theirs in itertools.product(("l1", "l2"), repeat=2):
        crm = [event("crm", 1, ("line:1", None, mine, 0), hlc=3), event("crm", 2, ("stage", None, stages[0], 0), hlc=4)]
        crm.append(event("crm", 3, ("line:1", mine, "late", 0), hlc=9))
        erp = [event("erp", 1, ("line:1", None, theirs, 0)), event("erp", 2, ("stage", None, stages[1], 0))]
        shop = [event("shop", 1, ("line:1", None, "l3", 0), hlc=5)]
        assert len(outcomes(with_state(crm), with_state(erp), with_state(shop))) == 1


def test_edits_of_different_groups_are_all_kept_in_any_order() -> None:
    crm = [
        event("crm", 1, ("name", None, "n1", 0), ("tag:x", None, True, 0)),
        event("crm", 2, ("life", None, "dead", 0)),
    ]
    erp = [
        event("erp", 1, ("email", None, "e1", 0), ("life", None, "live", 0)),
        event("erp", 2, ("rank", None, 2, 0)),
    ]
    assert len(outcomes(crm, erp)) == 1
