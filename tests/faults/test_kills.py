"""`kill -9` of each process, one after another, while people edit on both sides."""

import os
import time
from collections import defaultdict
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from stack.services import Stack

from ..e2e.clients import Body, Company, Office, Refused, new_tenant
from ..e2e.equality import differences, without_empty
from ..e2e.waiting import eventually
from .editing import Editor, Task
from .ledger import GroupOf, Ledger, mark_of

pytestmark = [pytest.mark.faults, pytest.mark.servers]

FEW = 1000
EDITS = int(os.environ.get("CONCORD_FAULT_EDITS", "5000"))
CUSTOMERS = 160
EDITORS_A_SIDE = 2
PATIENCE_SECONDS = 180.0
CONFLICT = 409
TOPICS = ("crm.customer.v1", "erp.customer.v1")


@pytest.mark.parametrize("edits", [FEW, pytest.param(EDITS, marks=pytest.mark.long)])
async def test_nothing_is_lost_or_doubled_when_each_process_is_killed_while_people_edit_on_both_sides(
    stack: Stack, edits: int
) -> None:
    company = Company.in_stack(stack, new_tenant())
    enter_customers(company)
    ledger = Ledger()
    began = time.monotonic()
    killed, absorbed = edit_under_kills(stack, company, ledger, edits)
    done = time.monotonic()
    eventually(lambda: is_one(company), PATIENCE_SECONDS)
    one = time.monotonic()

    histories = {office.name: feed(office) for office in company.offices}
    check_nothing_is_doubled(company, histories)
    check_nothing_is_lost(company, histories, ledger)
    absorbed += merged(stack, "duplicate")
    sent, distinct = await on_kafka(stack)
    print(
        f"\n{len(ledger.acknowledged)} edits in {done - began:.0f} s ({ledger.stale} stale and read again);"
        f" {len(killed)} kills: {', '.join(killed)};"
        f" {sent - distinct} events twice on Kafka, {absorbed:.0f} duplicates absorbed by the merge;"
        f" equal {one - done:.1f} s after the last edit; {len(company.hub.all('/v1/decisions'))} decisions"
    )
    assert len(ledger.acknowledged) >= edits
    assert killed == list(stack.parts)


def enter_customers(company: Company) -> None:
    """Half of them on each side."""
    for number, office in enumerate(company.offices):
        office.call("PUT", "/v1/custom-fields/edit", json={"label": "Edit", "type": "text"})
        items = [{"body": {"name": f"Customer {number}-{each}"}} for each in range(CUSTOMERS // 2)]
        assert all(result["outcome"] == "created" for result in office.batch("customer", items))
    eventually(lambda: is_one(company))


def is_one(company: Company) -> bool:
    """Whether both sides and the hub are equal and nothing is due. Steps in as the steward of open conflicts."""
    for conflict in company.hub.conflicts():
        choice = {"origin": conflict["values"][0]["origin"]}
        try:
            company.hub.post(f"/v1/conflicts/{conflict['id']}/resolve", choice)
        except Refused as refused:  # It was overtaken by an edit that was still on its way.
            assert refused.status == CONFLICT, refused
    found = differences(company, "customer")
    assert not found, "\n".join(found[:10])
    due = company.hub.all("/v1/deliveries")
    assert not due, due[:3]
    return True


def edit_under_kills(stack: Stack, company: Company, ledger: Ledger, edits: int) -> tuple[list[str], float]:
    """Edit on both sides, and kill and start each part once meanwhile; answer which, and the duplicates seen so far."""
    task = Task.of(edits)
    editors = [
        Editor(office, office.records("customer"), ledger, task, seed)
        for office in company.offices
        for seed in range(EDITORS_A_SIDE)
    ]
    for editor in editors:
        editor.start()
    killed: list[str] = []
    absorbed = 0.0
    for name in list(stack.parts):
        share = (len(killed) + 0.5) * edits / len(stack.parts)
        wait_for(share, ledger, editors)
        if name == "gateway-worker":
            absorbed += merged(stack, "duplicate")
        stack.kill(name)
        stack.start(name)
        killed.append(name)
    for editor in editors:
        editor.join(PATIENCE_SECONDS)
        assert not editor.is_alive(), f"{editor.name} hangs after {len(ledger.acknowledged)} edits"
        assert editor.failure is None, repr(editor.failure)
    return killed, absorbed


def wait_for(edits: float, ledger: Ledger, editors: list[Editor]) -> None:
    """Wait until so many edits are acknowledged; not when an editor has failed."""
    eventually(lambda: len(ledger.acknowledged) >= edits or any(editor.failure for editor in editors), PATIENCE_SECONDS)


def feed(office: Office) -> list[Body]:
    """Every event of customers that a system has published, in order."""
    found: list[Body] = []
    while page := office.get("/v1/events", kinds="customer", after=found[-1]["position"] if found else 0, limit=1000)[
        "items"
    ]:
        found += page
    return found


def check_nothing_is_doubled(company: Company, histories: dict[str, list[Body]]) -> None:
    """As many records as were entered, linked one to one; every event once, numbered without gaps, and all merged."""
    links = company.hub.links("customer")
    assert len({link["canonical_id"] for link in links}) == CUSTOMERS
    assert len({(link["system"], link["canonical_id"]) for link in links}) == len(links) == 2 * CUSTOMERS
    seen = {(link["system"], link["local_id"]): link["seen_seq"] for link in links}
    for office in company.offices:
        assert len(office.records("customer")) == CUSTOMERS
        assert len({event["id"] for event in histories[office.name]}) == len(histories[office.name])
        sequences: dict[str, list[int]] = defaultdict(list)
        for event in histories[office.name]:
            sequences[event["subject"]].append(event["data"]["seq"])
        for local_id, numbers in sequences.items():
            assert numbers == list(range(1, len(numbers) + 1))
            assert seen[(office.name, local_id)] == len(numbers)
    assert len({each["number"] for each in company.erp.records("customer")}) == CUSTOMERS


def check_nothing_is_lost(company: Company, histories: dict[str, list[Body]], ledger: Ledger) -> None:
    """Every acknowledged edit is current, or its successor had seen it, or the log has it; and the log is true."""
    shared = {(link["system"], link["local_id"]): link["canonical_id"] for link in company.hub.links("customer")}
    written: dict[str, set[str]] = {"hub": set()}
    for system, events in histories.items():
        written[system] = {
            mark_of(shared[(system, event["subject"])], change["group"], change["new"])
            for event in events
            for change in event["data"]["changes"]
        }
    assert ledger.settle(written) == []

    decisions = company.hub.all("/v1/decisions")
    logged: dict[GroupOf, list[Any]] = defaultdict(list)
    for decision in decisions:
        for value in decision["values"]:
            logged[(decision["canonical_id"], decision["group"])].append(value["value"])
            mark = mark_of(decision["canonical_id"], decision["group"], value["value"])
            assert value["origin"] == "hub" or mark in written[value["origin"]], (decision, "nobody wrote this value")
    causes = [(decision["event_id"], decision["group"]) for decision in decisions]
    assert len(causes) == len(set(causes)), "one event was decided twice"

    shown = {
        (record["canonical_id"], group): value
        for record in company.hub.records("customer")
        for group, value in without_empty(record["values"]).items()
    }
    assert ledger.lost(shown, logged) == []


def merged(stack: Stack, outcome: str) -> float:
    """How many events the gateway's worker has dealt with, by what became of them, since it was started."""
    text = httpx.get(f"http://127.0.0.1:{stack.plan.worker_ports['gateway']}/metrics").text
    label = f'events_merged_total{{outcome="{outcome}"}}'
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(label))


async def on_kafka(stack: Stack) -> tuple[int, int]:
    """How many events of the spokes stand on Kafka, and how many different ones."""
    consumer = AIOKafkaConsumer(*TOPICS, bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    ids: list[bytes] = []
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for messages in (await consumer.getmany(timeout_ms=200)).values():
                ids += [dict(message.headers)["ce_id"] for message in messages]
    finally:
        await consumer.stop()
    return len(ids), len(set(ids))
