"""Our encoder against the CloudEvents SDK, which reads and writes the same messages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from chassis.events import OPTIONAL, STRUCTURED, Event, Unreadable, from_message, to_headers
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD = {
    "specversion": "1.0",
    "id": "018f3b2e-0000-7000-8000-000000000001",
    "source": "/notebook",
    "type": "notebook.note.changed.v1",
    "subject": "1",
    "time": "2026-05-01T12:00:00.000001Z",
    "tenant": "00000000-0000-7000-8000-000000000001",
}

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12).filter(str.strip)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
times = st.builds(lambda ms, zone: datetime.fromtimestamp(ms / 1000, zone), st.integers(0, 2**42), zones)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words
values = st.recursive(
    scalars, lambda each: st.lists(each, max_size=3) | st.dictionaries(words, each, max_size=3), max_leaves=5
)
events = st.builds(
    Event,
    id=st.uuids().map(str),
    source=words.map(lambda word: f"/{word}"),
    type=words,
    subject=words,
    time=times,
    data=st.dictionaries(words, values, max_size=4),
    tenant=st.uuids().map(str),
    **{name: st.none() | words for name in OPTIONAL if name != "tenant"},
)


def headers_of(message: KafkaMessage) -> list[tuple[str, bytes]]:
    return list(message.headers.items())


def attributes_of(event: BaseCloudEvent) -> dict[str, Any]:
    """What the SDK has read, in our form; it adds the content type of the data."""
    return {name: value for name, value in event.get_attributes().items() if name != "datacontenttype"}


@given(events)
@settings(max_examples=150, deadline=None)
def test_the_sdk_reads_what_we_write(event: Event) -> None:
    message = KafkaMessage(dict(to_headers(event.attributes())), None, orjson.dumps(event.data))
    read = from_kafka_event(message)
    expected = {**event.attributes(), "time": event.time}
    assert attributes_of(read) == expected
    assert read.get_attributes()["datacontenttype"] == "application/json"
    assert read.get_data() == event.data


@given(events, st.sampled_from([to_binary_event, to_structured_event]))
@settings(max_examples=150, deadline=None)
def test_we_read_what_the_sdk_writes_in_both_modes(event: Event, write: Any) -> None:
    attributes = {**event.attributes(), "time": event.time, "datacontenttype": "application/json"}
    message = write(CloudEvent(attributes=attributes, data=event.data))
    assert from_message(headers_of(message), message.value) == event


@given(events)
@settings(max_examples=100, deadline=None)
def test_an_event_survives_its_own_round_trip(event: Event) -> None:
    assert from_message(to_headers(event.attributes()), orjson.dumps(event.data)) == event


@given(
    st.lists(
        st.tuples(st.sampled_from(["ce_id", "ce_time", "ce_tenant", "content-type", "CE_TYPE"]), st.binary(max_size=9))
    ),
    st.none() | st.binary(max_size=30) | values.map(orjson.dumps),
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_an_event_or_unreadable_with_a_reason(
    headers: list[tuple[str, bytes]], value: bytes | None
) -> None:
    try:
        assert from_message(headers, value).id
    except Unreadable as reason:
        assert len(str(reason)) > 10


@given(st.dictionaries(st.sampled_from([*GOOD, "sequence", "data"]), values), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_structured_message_of_any_types_is_an_event_or_unreadable(wrong: dict[str, Any], whole: bool) -> None:
    document = {**GOOD, "data": {}, **wrong} if whole else wrong
    try:
        event = from_message([("content-type", STRUCTURED.encode())], orjson.dumps(document))
    except Unreadable:
        return
    assert all(isinstance(value, str) for value in event.attributes().values())


@pytest.mark.parametrize(
    ("changed", "value", "reason"),
    [
        ({"id": None}, b"{}", "missing: id"),
        ({"tenant": None, "subject": None}, b"{}", "missing: subject, tenant"),
        ({"tenant": "nobody"}, b"{}", "malformed"),
        ({"time": "yesterday"}, b"{}", "malformed"),
        ({"time": "2026-05-01T12:00:00"}, b"{}", "no zone"),
        ({}, b"[1]", "not a JSON object"),
        ({}, b"{", "neither JSON"),
        ({}, None, "neither JSON"),
        ({"subject": b"\xff"}, b"{}", "neither JSON nor a CloudEvent"),
    ],
)
def test_an_unreadable_message_says_what_is_wrong(changed: Mapping[str, Any], value: bytes | None, reason: str) -> None:
    attributes = {name: text for name, text in {**GOOD, **changed}.items() if text is not None}
    headers = [
        (f"ce_{name}", text if isinstance(text, bytes) else str(text).encode()) for name, text in attributes.items()
    ]
    with pytest.raises(Unreadable, match=re.escape(reason)):
        from_message(headers, value)


def test_the_system_is_the_source_without_its_slash() -> None:
    event = from_message([(f"ce_{name}", text.encode()) for name, text in GOOD.items()], b"{}")
    assert (event.system, UUID(event.tenant).version) == ("notebook", 7)
