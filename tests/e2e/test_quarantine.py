"""Messages that cannot be read or merged stand aside, whole, and are replayed when that makes sense."""

from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from stack.services import Stack

from .clients import Body, Company, Refused
from .database import as_administrator
from .equality import equal
from .waiting import eventually

TOPIC = "crm.customer.v1"


async def sent_to_kafka(stack: Stack, key: str, value: bytes, tenant: str) -> tuple[int, int]:
    """Partition and offset of a message that no service has written."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap)
    await producer.start()
    try:
        headers = [("content-type", b"application/json"), ("ce_tenant", tenant.encode()), ("ce_id", b"none")]
        written = await producer.send_and_wait(TOPIC, value, key=key.encode(), headers=headers)
    finally:
        await producer.stop()
    return written.partition, written.offset


def replay(company: Company, held: Body) -> None:
    """Ask for a replay."""
    company.hub.post(f"/v1/quarantine/{held['id']}/replay")


async def test_an_unreadable_message_stands_aside_with_its_bytes_place_and_error_and_the_next_go_on(
    stack: Stack, company: Company
) -> None:
    mine, theirs = company.customer_on_both()
    place = await sent_to_kafka(stack, mine["id"], b'{"kind": "customer", "sn', company.tenant)
    company.crm.change("customer", mine["id"], phone="030-2222222")
    company.shown_on_both("customer", mine["canonical_id"], phone="030-2222222")

    [held] = company.hub.quarantine()
    assert (held["topic"], held["partition"], held["offset"]) == (TOPIC, *place)
    in_full = company.hub.get(f"/v1/quarantine/{held['id']}")
    assert (in_full["key"], in_full["value"]) == (mine["id"], '{"kind": "customer", "sn')
    assert in_full["headers"]["ce_tenant"] == company.tenant
    assert "JSON" in held["error"]
    assert held["state"] == "held"

    replay(company, held)

    def held_again() -> bool:
        [again] = company.hub.quarantine()
        assert again["state"] == "held", again
        return True

    eventually(held_again)
    assert company.erp.read("customer", theirs["id"])["phone"] == "030-2222222"


async def test_json_that_is_no_event_stands_aside_too(stack: Stack, company: Company) -> None:
    await sent_to_kafka(stack, str(uuid4()), b'{"hello": "world"}', company.tenant)
    [held] = eventually(company.hub.quarantine)
    assert "missing" in held["error"]


async def held_up(stack: Stack, company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new customer, and its event in the quarantine: for a moment the hub may not write match keys."""
    async with as_administrator(stack, "gateway") as database:
        await database.execute("revoke insert on match_keys from gateway_worker")
        try:
            made = company.crm.create("customer", name="Held up", phone="030-1111111")
            [held] = eventually(company.hub.quarantine)
        finally:
            await database.execute("grant insert on match_keys to gateway_worker")
    return made, held


async def test_an_event_that_could_not_be_merged_for_a_while_goes_through_when_replayed(
    stack: Stack, company: Company
) -> None:
    made, held = await held_up(stack, company)
    assert "permission denied" in held["error"]
    assert company.crm.read("customer", made["id"])["sync"]["state"] == "on_its_way"
    replay(company, held)
    company.both("customer", made)
    assert equal(company) == 1
    assert all(each["state"] == "replayed" for each in company.hub.quarantine())


async def test_replaying_what_a_later_event_has_repaired_changes_nothing(stack: Stack, company: Company) -> None:
    made, held = await held_up(stack, company)
    company.crm.change("customer", made["id"], phone="030-2222222")
    mine, theirs = company.both("customer", made)
    assert (theirs["name"], theirs["phone"]) == ("Held up", "030-2222222")
    replay(company, held)
    eventually(lambda: all(each["state"] == "replayed" for each in company.hub.quarantine()))
    company.shown_on_both("customer", mine["canonical_id"], name="Held up", phone="030-2222222")
    assert company.hub.decisions(mine["canonical_id"]) == []


async def test_another_tenant_sees_nothing_of_it(stack: Stack, company: Company, other_company: Company) -> None:
    await sent_to_kafka(stack, str(uuid4()), b"not for others", company.tenant)
    [held] = eventually(company.hub.quarantine)
    assert other_company.hub.quarantine() == []
    with pytest.raises(Refused) as refusal:
        replay(other_company, held)
    assert refusal.value.status == 404
