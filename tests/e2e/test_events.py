"""What stands on Kafka is what the contracts say, for consumers that are not ours."""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema_rs
from aiokafka import AIOKafkaConsumer
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from stack.services import Stack

from .clients import Company
from .equality import without_empty
from .waiting import eventually

SCHEMAS = Path(__file__).parents[2] / "contracts/schemas"
SPOKES = ("crm.customer.v1", "erp.customer.v1", "crm.contact.v1", "erp.contact.v1")
HUB = ("sync.customer.v1", "sync.contact.v1", "sync.conflict.v1")

Envelopes = dict[str, list[dict[str, Any]]]


def schema(name: str) -> jsonschema_rs.Draft202012Validator:
    """A published schema."""
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text), validate_formats=True)


async def events(stack: Stack, topics: Iterable[str], tenant: str) -> Envelopes:
    """All events of a tenant by topic, as the CloudEvents SDK reads them."""
    found: Envelopes = defaultdict(list)
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for message in itertools.chain(*(await consumer.getmany(timeout_ms=200)).values()):
                headers = dict(message.headers)
                if headers.get("ce_tenant") == tenant.encode() and "ce_type" in headers:
                    found[message.topic].append(read(message.key, headers, message.value))
    finally:
        await consumer.stop()
    return found


def read(key: bytes, headers: dict[str, bytes], value: bytes) -> dict[str, Any]:
    """Attributes and data of one event."""
    event = from_binary_event(KafkaMessage(headers, key, value))
    attributes = event.get_attributes()
    assert attributes.pop("partitionkey") == key.decode() == event.get_subject()
    return {**attributes, "data": event.get_data()}


def check(envelopes: Envelopes) -> None:
    """Envelope and data of every event are as published."""
    envelope_schema = schema("cloudevent")
    for topic, all_of_it in envelopes.items():
        data_schema = schema(topic)
        for envelope in all_of_it:
            envelope_schema.validate({**envelope, "time": envelope["time"].isoformat()})
            data_schema.validate(envelope["data"])
            assert envelope["dataschema"] == f"{topic}.json"


async def test_events_of_both_spokes_and_the_hub_are_cloudevents_as_published(stack: Stack, company: Company) -> None:
    mine, theirs = company.customer_on_both(phone="030-1111111", tags=["vip"], billing_address={"country": "DE"})
    contact = company.erp.create("contact", name="Ann", customer_id=theirs["id"])
    company.both("contact", contact, by=company.erp)
    with company.hub.paused("crm", "erp"):
        company.crm.change("customer", mine["id"], phone="030-2222222")
        company.erp.change("customer", theirs["id"], phone="030-3333333", payment_terms={"days": 14})
    company.shown_on_both("customer", mine["canonical_id"], phone="030-3333333")

    def published() -> bool:
        status = company.hub.get("/v1/status")["outbox"]
        assert status["pending"] == 0, status
        return True

    eventually(published)
    found = await events(stack, (*SPOKES, *HUB), company.tenant)
    check(found)
    assert all(found[topic] for topic in (*SPOKES, *HUB))

    edits = [each for each in found["crm.customer.v1"] if each["subject"] == mine["id"]]
    assert [int(each["sequence"]) for each in edits] == list(range(1, len(edits) + 1))
    assert {each["origin"] for each in edits} == {"user", "gateway"}
    assert edits[0]["data"]["snapshot"]["name"]["name"] == mine["name"]

    golden = found["sync.customer.v1"][-1]
    assert (golden["subject"], golden["origin"]) == (mine["canonical_id"], "hub")
    [record] = company.hub.records("customer")
    assert without_empty(golden["data"]["values"]) == without_empty(record["values"])

    [conflict] = found["sync.conflict.v1"]
    assert (conflict["data"]["group"], conflict["data"]["winner"]) == ("phone", "erp")
    assert {each["value"]: each["outcome"] for each in conflict["data"]["values"]} == {
        "030-2222222": "lost",
        "030-3333333": "kept",
    }


async def test_the_feed_over_http_tells_the_same_as_kafka(stack: Stack, company: Company) -> None:
    mine, _ = company.customer_on_both()
    company.crm.change("customer", mine["id"], phone="030-2222222")
    company.both("customer", mine)
    on_kafka = (await events(stack, ["crm.customer.v1"], company.tenant))["crm.customer.v1"]
    feed = [each for each in company.crm.get("/v1/events")["items"] if each["type"].startswith("crm.customer")]
    assert [each["id"] for each in feed] == [each["id"] for each in on_kafka]
    assert [each["data"] for each in feed] == [each["data"] for each in on_kafka]
