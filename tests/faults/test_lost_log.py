"""The broker loses its whole log, while everything runs and while it does not: both sides and the hub end equal.

The hub's positions mean nothing in the new log, whether that is shorter or longer by the time the hub reads it.
"""

import asyncio
import shutil
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer
from stack.services import Stack

from ..e2e.clients import Company, new_tenant
from ..e2e.equality import differences
from ..e2e.waiting import eventually

pytestmark = [pytest.mark.faults, pytest.mark.servers, pytest.mark.long]

CUSTOMERS = 40
PATIENCE_SECONDS = 120.0
WORKERS = ("crm-worker", "erp-worker", "gateway-worker")


@pytest.fixture
def company(stack: Stack) -> Company:
    """Customers that stand on both sides, edited on both."""
    company = Company.in_stack(stack, new_tenant())
    for number in range(CUSTOMERS):
        company.offices[number % 2].create("customer", name=f"Customer {number}")
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    edit(company, "before")
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    return company


def edit(company: Company, word: str) -> None:
    """Each side changes all customers; another field than the other side."""
    for office, field in zip(company.offices, ("source", "website"), strict=True):
        for customer in office.records("customer"):
            office.change("customer", customer["id"], **{field: value(word, customer["name"])})


def value(word: str, name: str) -> str:
    return f"https://{word}.example/{name.rpartition(' ')[2]}"


def is_one(company: Company) -> bool:
    """All customers stand on both sides and in the hub, the same and in step."""
    assert all(len(office.records("customer")) == CUSTOMERS for office in company.offices)
    found = differences(company, "customer")
    assert not found, found[:3]
    assert company.hub.get("/v1/status")["state"] == "in_step"
    return True


def lose_the_log(stack: Stack) -> None:
    """As if the broker's disk had been replaced."""
    assert stack.kafka is not None
    stack.kill("kafka")
    shutil.rmtree(stack.kafka.folder / "log")
    stack.start("kafka")


def while_all_runs(stack: Stack, company: Company) -> None:
    """The hub reads the new log from its first message on: it is shorter than the positions."""
    lose_the_log(stack)
    edit(company, "after")


def while_the_hub_is_stopped(stack: Stack, company: Company) -> None:
    """When the hub comes back, the new log holds more than the old one did: the positions point into its middle."""
    stack.stop("gateway-worker")
    lose_the_log(stack)
    for word in ("after", "later"):
        edit(company, word)
    eventually(lambda: nothing_waits(company), PATIENCE_SECONDS)
    stack.start("gateway-worker")


def while_all_workers_are_stopped(stack: Stack, company: Company) -> None:
    """Nobody was there to see it: the topics are made anew by the first worker that starts."""
    for name in WORKERS:
        stack.stop(name)
    lose_the_log(stack)
    edit(company, "after")
    for name in reversed(WORKERS):
        stack.start(name)


def nothing_waits(company: Company) -> bool:
    return not any(office.get("/v1/outbox")["items"] for office in company.offices)


@pytest.mark.parametrize("lose", [while_all_runs, while_the_hub_is_stopped, while_all_workers_are_stopped])
def test_both_sides_and_the_hub_are_equal_after_the_broker_has_lost_its_log(
    stack: Stack, company: Company, lose: Callable[[Stack, Company], None]
) -> None:
    lose(stack, company)
    edit(company, "last")
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    for office in company.offices:
        for customer in office.records("customer"):
            last = value("last", customer["name"])
            assert (customer["source"], customer["website"]) == (last, last)
    wanted = {office.name: {each["id"] for each in office.records("customer")} for office in company.offices}
    wanted["sync"] = {each["canonical_id"] for each in company.crm.records("customer")}
    eventually(lambda: all(ids <= asyncio.run(keys(stack, f"{name}.customer.v1")) for name, ids in wanted.items()))


async def keys(stack: Stack, topic: str) -> set[str]:
    """The records of which a topic holds an event: who starts now finds them all."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: set[str] = set()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found |= {record.key.decode() for record in records}
    finally:
        await consumer.stop()
    return found
