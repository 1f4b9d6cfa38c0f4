"""What does not have its published shape is held with the field, and is neither merged nor published."""

from dataclasses import replace
from typing import Any

import orjson
import psutil
import pytest
from chassis.db import Sessions, transaction
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT
from contracts.groups import GROUPS
from gateway.ingest.consume import read
from gateway.kinds.shapes import checked_value, fitting
from gateway.store.deliveries import Delivery
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from sqlalchemy import update

from .hub import SYSTEMS, Hub

pytestmark = pytest.mark.servers
NAME: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
ENTITY = "7c1f0004-b9df-5df5-9e15-7c2de3abf842"
LINE = {"position": 1, "product": "p1", "quantity": "1", "unit_price": "1", "tax_class": "standard", "tax_rate": "0"}
ORDER: dict[str, Any] = {
    "state": "draft", "customer": "c1", "currency": "EUR", "dates": {"ordered_on": "1996-07-04"}, "life": "live",
}  # fmt: skip
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("customer", {**NAME, "billing_address": "Ring 5"}, "billing_address"),
    ("customer", {**NAME, "billing_address": {"lines": ["Ring 5", 7]}}, "billing_address.lines[1]"),
    ("customer", {**NAME, "phone": 123}, "phone"),
    ("customer", {**NAME, "name": "Text name"}, "name"),
    ("customer", {**NAME, "name": None}, "name"),
    ("customer", {**NAME, "life": "undead"}, "life"),
    ("customer", {**NAME, "tag:retail": "yes"}, "tag:retail"),
    ("customer", {**NAME, "tag:": True}, "tag:"),
    ("customer", {**NAME, f"legal:{ENTITY}": {"legal_name": ""}}, f"legal:{ENTITY}.legal_name"),
    ("customer", {**NAME, "legal:first": None}, "legal:first"),
    ("customer", {**NAME, "custom:level": 1.5}, "custom:level"),
    ("customer", {**NAME, "credit": {"limit": 5.0, "currency": "EUR"}}, "credit.limit"),
    ("order", {**ORDER, "customer": 7}, "customer"),
    ("order", {**ORDER, f"line:{ENTITY}": {**LINE, "product": {"id": "p1"}}}, f"line:{ENTITY}.product"),
]


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


@pytest.mark.parametrize(("kind", "values", "field"), WRONG, ids=[field for _, _, field in WRONG])
async def test_a_value_of_another_shape_is_held_with_its_field_and_goes_nowhere(
    hub: Hub, kind: str, values: dict[str, Any], field: str
) -> None:
    await hub.ingest.handle([hub.event("crm", "x1", 1, values, kind=kind)])

    assert f" {field}: " in (await hub.one(Quarantined)).error
    assert [await hub.all(table) for table in (Record, Delivery, OutboxRow)] == [[], [], []]


async def test_an_event_of_another_tenant_in_the_same_batch_is_merged(hub: Hub) -> None:
    wrong = hub.event("crm", "c1", 1, {**NAME, "phone": 123})

    await hub.ingest.handle([wrong, hub.event("crm", "c2", 1, NAME, tenant=OTHER_TENANT)])

    assert (await hub.one(Record)).tenant_id == OTHER_TENANT


async def test_a_snapshot_is_checked_too(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, NAME, snapshot={**NAME, "phone": 123})])

    assert " phone: " in (await hub.one(Quarantined)).error


@pytest.mark.parametrize(
    "damage",
    [{"seq": 0}, {"seq": "1"}, {"hlc": -1}, {"origin": "nobody"}, {"changes": {}}, {"sync": {"name": {}}},
     {"canonical_id": "c1"}, {"local_id": ""}, {"snapshot": []}],
    ids=str,
)  # fmt: skip
async def test_a_change_without_its_frame_is_held_with_the_field(hub: Hub, damage: dict[str, Any]) -> None:
    good = hub.event("crm", "c1", 1, NAME)
    body = {**orjson.loads(good.value or b""), **damage}

    await hub.ingest.handle([hub.message(good.topic, orjson.dumps(body), good.headers)])

    assert f" {next(iter(damage))}" in (await hub.one(Quarantined)).error


async def test_an_edit_that_mends_a_wrong_value_is_merged(hub: Hub) -> None:
    good = hub.event("crm", "c1", 1, {**NAME, "phone": "+49 30 0074321"})
    body = orjson.loads(good.value or b"")
    body["changes"][-1]["old"] = 123

    await hub.ingest.handle([hub.message(good.topic, orjson.dumps(body), good.headers)])

    assert (await hub.one(Record)).values()["phone"] == "+49 30 0074321"


async def test_values_are_kept_in_their_one_form_with_what_a_newer_version_adds(hub: Hub) -> None:
    address = {"city": " Berlin ", "country": "de", "district": "Mitte"}
    entity = {"legal_name": "Alfreds", "country": "DE", "tax_id": "as noted"}
    added = {"favourite_colour": "red", f"legal:{ENTITY}": entity, "tag:retail": None, "phone": None}

    await hub.ingest.handle([hub.event("crm", "c1", 1, {**NAME, "billing_address": address, **added})])

    values = (await hub.one(Record)).values()
    whole: dict[str, Any] = {
        "lines": [],
        "postal_code": None,
        "city": "Berlin",
        "region": None,
        "country": "DE",
        "district": "Mitte",
    }
    assert values["billing_address"] == whole
    assert (values["favourite_colour"], values[f"legal:{ENTITY}"]["tax_id"]) == ("red", "as noted")


async def test_a_record_that_an_earlier_version_filled_wrongly_is_not_published_until_it_fits(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, {**NAME, "phone": "+49 30 0074321"})])
    async with transaction(hub.sessions) as session:
        registers = (await hub.one(Record)).registers
        wrong = {**registers, "phone": {**registers["phone"], "value": 123}}
        await session.execute(update(Record).values(registers=wrong))

    await hub.ingest.handle([hub.event("crm", "c1", 2, {"email": "a@alfki.de"})])
    assert len(await hub.all(OutboxRow)) == 1

    await hub.ingest.handle([hub.event("crm", "c1", 3, {"phone": "+49 30 0074399"})])
    said = orjson.loads((await hub.all(OutboxRow))[-1].data)["values"]
    assert (said["phone"], said["email"]) == ("+49 30 0074399", "a@alfki.de")


async def test_a_checked_change_still_says_which_edit_it_replaces(hub: Hub) -> None:
    event = read(hub.event("crm", "c1", 2, {**NAME, "phone": " 030-1 "}), SYSTEMS).event
    replacing = replace(event, changes=tuple(change._replace(after=1) for change in event.changes))
    assert {change.group: change.after for change in fitting(replacing).changes} == {"name": 1, "life": 1, "phone": 1}


def test_remembered_values_take_little_memory() -> None:
    checked_value(GROUPS["customer"], "notes", "first")
    before = psutil.Process().memory_info().rss
    for number in range(5_000):
        checked_value(GROUPS["customer"], "notes", f"note {number}")
    grown = psutil.Process().memory_info().rss - before
    assert grown < 12 * 2**20, f"{grown / 5_000:.0f} bytes a value"
