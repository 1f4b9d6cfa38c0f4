"""References in whatever order the records arrive that they name: in whole groups, in fields of a family's members."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from gateway.deliver.items import Item, Waits, item_for
from gateway.ingest.fold import fold
from gateway.ingest.incoming import Incoming
from gateway.kinds import KINDS
from gateway.kinds.references import named, naming, outward, pending_references
from gateway.merge.merge import Change, Event
from gateway.merge.policy import Json
from gateway.store.links import LinkRow
from gateway.store.state import State

from .hub_under_test import TENANT

ORDER = KINDS["order"]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
LINES = ("line:0192f000-0000-7000-8000-000000000001", "line:0192f000-0000-7000-8000-000000000002")
IDS = {name: f"00000000-0000-7000-8000-00000000000{n}" for n, name in enumerate(("o1", "c1", "p1", "p2"), start=1)}


def entered(kind: str, local_id: str, values: Mapping[str, Json], seq: int = 1) -> Incoming:
    event = Event(
        id=f"crm-{local_id}-{seq}",
        system="crm",
        kind=kind,
        local_id=local_id,
        canonical_id=IDS[local_id],
        seq=seq,
        hlc=seq,
        origin="user",
        actor="anna",
        time=NOW.isoformat(),
        changes=tuple(Change(group, None, value, 0) for group, value in values.items()),
        snapshot=values,
    )
    return Incoming(TENANT, event)


ORDERED: dict[str, Json] = {
    "customer": "c1",
    LINES[0]: {"product": "p1", "quantity": "2"},
    LINES[1]: {"product": "p2"},
}
ARRIVING = (
    entered("order", "o1", ORDERED),
    entered("customer", "c1", {"name": {"name": "Alfreds", "kind": "company"}}),
    entered("product", "p1", {"name": "Chai"}),
    entered("product", "p2", {"name": "Queso"}),
)


def link_in_erp(state: State, kind: str, local_id: str) -> None:
    canonical_id = UUID(IDS[local_id])
    state.add_link(
        LinkRow(
            tenant_id=TENANT,
            kind=kind,
            system="erp",
            local_id=f"erp-{local_id}",
            canonical_id=canonical_id,
            seen_seq=0,
            tier="created",
            reason="",
            linked_at=NOW,
        )
    )


@pytest.mark.parametrize("arrived", list(itertools.permutations(ARRIVING)))
def test_an_order_names_the_same_records_in_whatever_order_they_arrive(arrived: tuple[Incoming, ...]) -> None:
    state = State(systems=dict.fromkeys(("crm", "erp"), tuple(KINDS)))
    fold(state, [*arrived, entered("order", "o1", {"notes": "ring twice"}, 2)], NOW)
    order = state.records[UUID(IDS["o1"])]
    assert list(pending_references(order.decoded, ORDER)) == []
    assert order.values() == {
        "customer": {"kind": "customer", "canonical_id": IDS["c1"]},
        LINES[0]: {"product": {"kind": "product", "canonical_id": IDS["p1"]}, "quantity": "2"},
        LINES[1]: {"product": {"kind": "product", "canonical_id": IDS["p2"]}},
        "notes": "ring twice",
    }
    assert all(head.value == r.value for r in order.decoded.values() for head in r.heads.values())


@pytest.mark.parametrize(
    "linked", list(itertools.permutations((("customer", "c1"), ("product", "p1"), ("product", "p2"))))
)
def test_an_order_goes_out_when_the_last_record_that_it_names_is_there(linked: tuple[tuple[str, str], ...]) -> None:
    state = State(systems=dict.fromkeys(("crm", "erp"), tuple(KINDS)))
    fold(state, ARRIVING, NOW)
    order = state.records[UUID(IDS["o1"])]
    delivery = state.delivery(order, "erp", NOW)
    for kind, local_id in linked:
        made = item_for(state, order, delivery, NOW)
        assert isinstance(made, Waits)
        state.woken.clear()
        link_in_erp(state, kind, local_id)
    made = item_for(state, order, delivery, NOW)
    assert isinstance(made, Item)
    sent = {group["group"]: group["value"] for group in made.body["groups"]}
    assert (sent["customer"], sent[LINES[0]]["product"], sent[LINES[1]]["product"]) == ("erp-c1", "erp-p1", "erp-p2")
    assert made.body["references"].keys() == {"customer", *LINES}


def test_each_thing_that_an_order_waits_for_is_one_that_wakes_it() -> None:
    state = State(systems=dict.fromkeys(("crm", "erp"), tuple(KINDS)))
    fold(state, ARRIVING, NOW)
    order = state.records[UUID(IDS["o1"])]
    for _ in range(3):
        made = item_for(state, order, state.delivery(order, "erp", NOW), NOW)
        assert isinstance(made, Waits)
        kind, canonical_id = made.token.split(" ")[:2]
        state.woken.clear()
        link_in_erp(state, kind, next(name for name, known in IDS.items() if known == canonical_id))
        assert made.token in state.woken


@pytest.mark.parametrize("value", [None, {"quantity": "1"}, {"product": None}, {"product": ""}])
def test_a_line_without_a_product_refers_to_nothing(value: Any) -> None:
    rule = ORDER.group(LINES[0])
    assert outward(named(value, rule), "product", "crm", lambda *_: None) is None
    assert naming(None, rule, "p1") is None
