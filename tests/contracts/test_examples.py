"""The golden examples, read by the code that consumes and by the code that produces."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from chassis.bus import Message
from chassis.events import from_message
from chassis.replication.wire import Deliveries, Outcomes
from crm.wiring import SERVICE as CRM
from erp.wiring import SERVICE as ERP
from gateway.ingest.consume import read
from gateway.ingest.fold import fold
from gateway.kinds import KINDS, kind_spec
from gateway.store.state import State

from .published import SPOKE_TOPICS, TOPICS, assert_valid, attributes, binary, example, structured
from .wire import HOLDS

MODES: list[Callable[[str], Message]] = [binary, structured]
SPOKES = {"crm": CRM, "erp": ERP}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("topic", TOPICS)
def test_every_consumer_reads_the_envelope_in_both_modes(topic: str, mode: Callable[[str], Message]) -> None:
    published = example(topic)
    message = mode(topic)
    event = from_message(message.headers, message.value)
    assert event.data == published["data"]
    assert event.attributes() == attributes(topic)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("topic", SPOKE_TOPICS)
def test_the_hub_reads_the_change_of_a_spoke(topic: str, mode: Callable[[str], Message]) -> None:
    published, incoming = example(topic), read(mode(topic), HOLDS)
    data, event = published["data"], incoming.event
    assert incoming.tenant_id == UUID(published["tenant"])
    assert (event.system, event.kind) == tuple(topic.split(".")[:2])
    assert (event.local_id, event.seq, event.hlc, event.origin) == tuple(
        data[name] for name in ("local_id", "seq", "hlc", "origin")
    )
    assert [change._asdict() for change in event.changes] == [{"after": None, **each} for each in data["changes"]]
    assert {g: mark._asdict() for g, mark in event.sync.items()} == {
        g: {"at": None, **m} for g, m in data["sync"].items()
    }


@pytest.mark.parametrize("topic", SPOKE_TOPICS)
def test_the_hub_merges_what_it_has_read_and_owes_it_to_the_others(topic: str) -> None:
    state = State(systems=HOLDS)
    incoming = read(binary(topic), HOLDS)
    fold(state, [incoming], datetime.now(UTC))
    (record,) = state.records.values()
    values, data = record.values(), example(topic)["data"]
    own = {group for group, mark in data["sync"].items() if mark["seq"] and data["snapshot"].get(group) is not None}
    assert own <= values.keys()
    assert not own or {delivery.system for delivery in state.deliveries.values()} == set(SPOKES)
    if own == data["snapshot"].keys():
        assert_valid(f"sync.{record.kind}.v1", record.golden(kind_spec(record.kind)))


@pytest.mark.parametrize("topic", SPOKE_TOPICS)
def test_a_spoke_holds_every_group_of_its_example(topic: str) -> None:
    system, name, _ = topic.split(".")
    kind = next(kind for kind in SPOKES[system].kinds if kind.name == name)
    unknown = [group for group in example(topic)["data"]["snapshot"] if kind.group(group) is None]
    assert kind.topic == topic
    assert unknown == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_spokes_and_hub_know_the_same_groups(kind: str) -> None:
    hub = {group.pattern.partition(":")[0] for group in KINDS[kind].groups}
    for service in SPOKES.values():
        own = next(each for each in service.kinds if each.name == kind)
        assert set(own.by_name) == hub, service.name


def test_a_spoke_reads_the_delivery_of_the_hub_and_loses_nothing() -> None:
    published = example("replication.request.v1")
    assert shortened(Deliveries.model_validate(published).model_dump(mode="json")) == shortened(published)


def test_a_spoke_answers_in_the_published_form() -> None:
    published = example("replication.answer.v1")
    answer = Outcomes.model_validate(published).model_dump(mode="json")
    assert shortened(answer) == shortened(published)
    assert_valid("replication.answer.v1", answer)


def shortened(document: Any) -> Any:
    """Without the members that say nothing: a writer may leave them out."""
    if isinstance(document, dict):
        return {name: shortened(value) for name, value in document.items() if value not in (None, [], {}, 0)}
    return [shortened(each) for each in document] if isinstance(document, list) else document
