"""A third system that holds some kinds: what it is sent, what it may say, and how it is brought up to date."""

from collections.abc import Mapping
from typing import Any

import pytest
from chassis.db import Sessions, transaction
from contracts.kinds import Access
from contracts.kinds.announced import ANNOUNCED
from contracts.kinds.table import READS, WRITES
from gateway.api.systems.queries import systems as shown
from gateway.deliver import compare
from gateway.deliver.loop import Delivering
from gateway.ingest.consume import Ingest
from gateway.kinds import KINDS
from gateway.kinds.holders import declared, missing, source_topics
from gateway.store.deliveries import Delivery
from gateway.store.holding import hold, stored
from gateway.store.quarantine import Quarantined
from gateway.store.records import Record
from sqlalchemy import update

from .hub import SYSTEMS, Hub, ScriptedSpoke

ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}
MARIA: dict[str, Any] = {"name": "Maria Anders", "customer": "c1", "life": "live"}
CHAI: dict[str, Any] = {"name": "Chai", "life": "live"}
LINE = "line:0192f000-0000-7000-8000-000000000001"
ORDER: dict[str, Any] = {
    "state": "draft",
    "customer": "c1",
    "currency": "EUR",
    "dates": {"ordered_on": "2026-11-22"},
    LINE: {
        "position": 1,
        "product": "p1",
        "quantity": "2",
        "unit_price": "18",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.19",
    },
    "life": "live",
}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def join(hub: Hub, kinds: Mapping[str, Access]) -> None:
    """Start the worker with a shop that holds these kinds."""
    holdings = {**SYSTEMS, "shop": dict(kinds)}
    async with transaction(hub.sessions) as session:
        await hold(session, holdings)
    hub.ingest = Ingest(hub.sessions, holdings)
    hub.delivering = {name: Delivering(hub.sessions, name, holdings) for name in holdings}


async def brought_up_to_date(hub: Hub, shop: ScriptedSpoke) -> None:
    while await compare.step(hub.sessions, "shop"):
        await everything(hub, shop)
    await everything(hub, shop)


async def everything(hub: Hub, spoke: ScriptedSpoke, system: str = "shop") -> None:
    async with transaction(hub.sessions) as session:
        await session.execute(update(Delivery).where(Delivery.state == "waiting").values(state="pending"))
    while await hub.delivering[system].step(spoke):
        pass


async def entered(hub: Hub) -> None:
    """A customer, a person, a product and an order of the CRM."""
    await hub.ingest.handle(
        [
            hub.event("crm", "c1", 1, ALFKI),
            hub.event("crm", "m1", 1, MARIA, kind="contact"),
            hub.event("crm", "p1", 1, CHAI, kind="product"),
            hub.event("crm", "o1", 1, ORDER, kind="order"),
        ]
    )


async def state_of_shop(hub: Hub) -> Any:
    async with transaction(hub.sessions) as session:
        return next(each for each in await shown(session) if each.name == "shop")


def kinds_of(deliveries: list[Delivery]) -> set[str]:
    return {delivery.kind for delivery in deliveries if delivery.system == "shop"}


async def test_a_system_is_sent_the_kinds_that_it_holds_and_no_others(hub: Hub) -> None:
    await join(hub, {"customer": READS, "product": READS})
    await entered(hub)
    shop = ScriptedSpoke()
    await everything(hub, shop)
    assert [values["name"] for values in shop.values()] == [ALFKI["name"], CHAI["name"]]
    assert kinds_of(await hub.all(Delivery)) == {"customer", "product"}


async def test_references_to_what_a_system_does_not_hold_are_left_out_instead_of_waiting_for_ever(hub: Hub) -> None:
    await join(hub, {"contact": READS, "order": READS})
    await entered(hub)
    shop = ScriptedSpoke()
    await everything(hub, shop)
    order, maria = sorted(shop.values(), key=lambda values: "name" in values)
    assert maria == {"name": "Maria Anders", "life": "live"}
    assert "customer" not in order
    assert {**order[LINE], "product": "p1"} == {**ORDER[LINE], "description": None}
    assert "product" not in order[LINE]
    assert {delivery.state for delivery in await hub.all(Delivery) if delivery.system == "shop"} == {"idle"}
    assert (await state_of_shop(hub)).pending == 0


async def test_what_was_left_out_arrives_once_the_system_holds_it(hub: Hub) -> None:
    await join(hub, {"contact": READS})
    await entered(hub)
    await everything(hub, ScriptedSpoke())
    await join(hub, {"contact": READS, "customer": READS})
    shop = ScriptedSpoke()
    await brought_up_to_date(hub, shop)
    assert [values["name"] for values in shop.values() if "kind" in values["name"]] == [ALFKI["name"]]
    customers = {item["local_id"]: values for item, values in zip(shop.items, shop.values(), strict=True)}
    maria = next(values for values in customers.values() if values.get("name") == "Maria Anders")
    assert str(maria["customer"]).startswith("new-")


@pytest.mark.parametrize(
    ("system", "kind", "reason"),
    [
        ("shop", "customer", "shop only reads customer, it does not write it"),
        ("shop", "product", "shop does not hold product"),
        ("crm", "tax_rate", "crm only reads tax_rate, it does not write it"),
        ("mail", "customer", "there is no system 'mail'; there are crm, erp, shop"),
    ],
)
async def test_an_event_of_a_kind_that_its_system_may_not_write_is_held_with_the_reason(
    hub: Hub, system: str, kind: str, reason: str
) -> None:
    await join(hub, {"customer": READS})
    values = {"customer": ALFKI, "product": CHAI}.get(
        kind, {"tax_rate": {"country": "DE", "tax_class": "standard", "rate": "0.19"}, "life": "live"}
    )
    await hub.ingest.handle([hub.event(system, "1", 1, values, kind=kind), hub.event("crm", "c1", 1, ALFKI)])
    assert (await hub.one(Quarantined)).error == reason
    assert len(await hub.all(Record)) == 1


async def test_a_system_that_joins_gets_every_record_of_its_kinds_in_batches_with_progress(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "BATCH", 2)
    await entered(hub)
    names = [{"name": f"Firm {number}", "kind": "company"} for number in range(4)]
    await hub.ingest.handle([hub.event("crm", f"f{n}", 1, {**ALFKI, "name": name}) for n, name in enumerate(names)])
    await join(hub, {"customer": READS, "order": READS})
    shop, seen = ScriptedSpoke(), []
    while await compare.step(hub.sessions, "shop"):
        status = await state_of_shop(hub)
        assert (status.state, status.joining.because) == ("joining", "it now holds customer, order")
        seen.append((status.joining.done, status.joining.total))
        await join(hub, {"customer": READS, "order": READS})  # A worker that starts again goes on where it was.
        await everything(hub, shop)
    assert seen[0] == (0, 6)
    assert seen == sorted(seen)
    assert len({item["canonical_id"] for item in shop.items}) == len(shop.items) == 6
    status = await state_of_shop(hub)
    assert (status.state, status.joining, status.kinds) == ("connected", None, {"customer": READS, "order": READS})


async def test_records_that_wait_for_others_do_not_hold_up_those_of_later_batches(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "BATCH", 2)
    people = [hub.event("crm", f"m{n}", 1, MARIA | {"name": f"Person {n}"}, kind="contact") for n in range(3)]
    await hub.ingest.handle([*people, hub.event("crm", "c1", 1, ALFKI)])
    await join(hub, {"contact": READS, "customer": READS})
    shop = ScriptedSpoke()
    await brought_up_to_date(hub, shop)
    assert len(shop.items) == 4
    assert all(str(values["customer"]).startswith("new-") for values in shop.values() if "customer" in values)


async def test_what_a_system_holds_no_longer_is_not_delivered(hub: Hub) -> None:
    await join(hub, {"customer": READS, "product": READS})
    await entered(hub)
    await join(hub, {"customer": READS})
    shop = ScriptedSpoke()
    await everything(hub, shop)
    assert [values["name"] for values in shop.values()] == [ALFKI["name"]]
    assert kinds_of(await hub.all(Delivery)) == {"customer"}


async def test_a_system_of_before_kinds_were_stored_is_not_compared_again(hub: Hub) -> None:
    await entered(hub)
    async with transaction(hub.sessions) as session:
        await hold(session, SYSTEMS)
        assert await stored(session) == SYSTEMS
        assert [each.state for each in await shown(session)] == ["connected", "connected"]


def test_announced_kinds_are_not_read_because_no_system_depends_on_them() -> None:
    topics = source_topics({system: declared(system) for system in ("crm", "erp")})
    assert not [topic for topic in topics if topic.split(".")[1] in ANNOUNCED]
    assert {"deal", "stock_move", "journal_entry"} <= ANNOUNCED.keys()


def test_the_hub_reads_the_topics_of_those_that_write() -> None:
    topics = source_topics({"shop": {"product": READS, "order": WRITES}, "crm": declared("crm")})
    assert topics[0] == "shop.order.v1"
    parties, activities = ("customer", "contact", "employee"), ("interaction", "task")
    assert set(topics[1:]) == {
        f"crm.{kind}.v1" for kind in (*parties, *activities, "product", "order", "payment", "custom_field")
    }


def test_a_system_that_no_table_names_holds_every_kind() -> None:
    assert declared("shop") == dict.fromkeys(KINDS, WRITES)


def test_whoever_writes_a_record_holds_what_it_cannot_be_without() -> None:
    assert missing({"order": WRITES}) == ["whoever writes order reads customer", "whoever writes order reads product"]
    assert missing({"order": READS, "contact": WRITES}) == []
