from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from gateway.deliver.spoke import BatchRefused
from gateway.store.deliveries import Delivery
from gateway.store.links import Link
from gateway.store.records import Record
from gateway.store.systems import pause, register, resume
from sqlalchemy import select, text

from .hub import Answer, Hub, ScriptedSpoke, applied

pytestmark = pytest.mark.servers
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ALFKI: dict[str, Any] = {"name": {"name": "Alfreds Futterkiste", "kind": "company"}, "life": "live"}


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


async def due(hub: Hub) -> None:
    """Let the pauses pass."""
    async with transaction(hub.sessions) as session:
        await session.execute(
            text("update deliveries set due_at = now() - interval '1 second' where state <> 'rejected'")
        )


async def retry_due(hub: Hub) -> None:
    """Let the pauses of what was refused pass."""
    async with transaction(hub.sessions) as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        for delivery in await session.scalars(select(Delivery).where(Delivery.state == "rejected")):
            delivery.due_at = past
            again = {"again_at": past.isoformat()}
            delivery.refused = {group: {**refusal, **again} for group, refusal in delivery.refused.items()}


def refusing(*groups: str, problem: dict[str, Any] | None = None, created: bool = True) -> Answer:
    """A spoke that refuses these groups; when they keep a record from being made, there is none."""

    def answer(item: dict[str, Any]) -> dict[str, Any]:
        good = applied(item)
        told = {name: "rejected" if name in groups else outcome for name, outcome in good["groups"].items()}
        if "rejected" not in told.values():
            return good
        local_id = good["local_id"] if created or item["local_id"] else None
        return {**good, "outcome": "rejected", "local_id": local_id, "groups": told, "problem": problem}

    return answer


async def deliver(hub: Hub, system: str, spoke: ScriptedSpoke) -> int:
    await due(hub)
    return await hub.delivering[system].step(spoke)


async def state_of(hub: Hub, system: str) -> Delivery:
    found: Delivery = next(d for d in await hub.all(Delivery) if d.system == system)
    return found


async def revisions(hub: Hub, *groups: str) -> dict[str, int]:
    registers = (await hub.one(Record)).decoded
    return {group: registers[group].rev for group in groups}


async def test_a_new_record_is_created_linked_and_acknowledged(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    erp = ScriptedSpoke()

    await deliver(hub, "erp", erp)

    assert erp.values() == [ALFKI]
    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.acked) == ("idle", await revisions(hub, "name", "life"))
    assert {link.system: link.local_id for link in await hub.all(Link)}["erp"].startswith("new-")


async def test_many_edits_while_a_system_is_away_cost_one_delivery(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke())
    for n in range(2, 30):
        await hub.ingest.handle([hub.event("crm", "c1", n, {"segment": f"s{n}"}, snapshot=ALFKI)])
    erp = ScriptedSpoke()

    while await deliver(hub, "erp", erp):
        pass

    assert erp.values() == [{"segment": "s29"}]


async def test_the_sender_gets_its_revision_and_hears_how_far_the_other_is(hub: Hub) -> None:
    await hub.with_status()
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke())
    crm = ScriptedSpoke()

    await deliver(hub, "crm", crm)

    (item,) = crm.items
    assert (item["local_id"], item["seen_seq"]) == ("c1", 1)
    assert item["peers"] == {"erp": {"state": "in_step", "reason": None, "fields": []}}
    assert await deliver(hub, "crm", crm) == 0


async def test_a_system_that_is_away_keeps_everything_waiting(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])

    def away(_item: dict[str, Any]) -> dict[str, Any]:
        raise Unreachable(address="http://erp", reason="refused")

    with pytest.raises(Unreachable):
        await deliver(hub, "erp", ScriptedSpoke(away))

    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.leased_until, delivery.tries) == ("pending", None, 0)
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.values() == [ALFKI]


async def test_a_skipped_group_comes_round_again(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])

    def skipped(item: dict[str, Any]) -> dict[str, Any]:
        return {**applied(item), "outcome": "skipped", "groups": {"name": "skipped", "life": "applied"}}

    await deliver(hub, "erp", ScriptedSpoke(skipped))
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)

    assert erp.values() == [{"name": ALFKI["name"]}]


async def test_a_refused_value_waits_with_its_reason_and_a_newer_one_goes_on(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, {**ALFKI, "email": "refused@alfki.de"})])
    problem = {"title": "Not an e-mail address", "detail": "wrong"}

    await deliver(hub, "erp", ScriptedSpoke(refusing("email", problem=problem)))

    delivery = await state_of(hub, "erp")
    (record,) = await hub.all(Record)
    assert (delivery.state, delivery.reason(record.decoded)) == ("rejected", "Not an e-mail address wrong")
    assert delivery.acked == await revisions(hub, "name", "life")
    assert await deliver(hub, "erp", ScriptedSpoke()) == 0
    await hub.ingest.handle([hub.event("crm", "c1", 2, {"email": "right@alfki.de"}, snapshot=ALFKI)])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.values() == [{"email": "right@alfki.de"}]
    assert (await state_of(hub, "erp")).state == "idle"


async def test_what_was_refused_is_tried_again_after_growing_pauses_until_it_is_taken(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, {**ALFKI, "email": "a@x.example"})])
    erp = ScriptedSpoke(refusing("email"))
    await deliver(hub, "erp", erp)
    pauses = []
    for _ in range(3):
        refusal = (await state_of(hub, "erp")).refused["email"]
        pauses.append((refusal["tries"], (await state_of(hub, "erp")).due_at))
        assert await deliver(hub, "erp", erp) == 0, "before its time"
        await retry_due(hub)
        assert await deliver(hub, "erp", erp) == 1
    assert [tries for tries, _ in pauses] == [1, 2, 3]
    assert erp.values()[1:] == [{"email": "a@x.example"}] * 3
    delivery = await state_of(hub, "erp")
    assert (delivery.due_at - delivery.changed_at).total_seconds() == pytest.approx(16, abs=0.1)

    await retry_due(hub)
    await deliver(hub, "erp", ScriptedSpoke())

    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.refused) == ("idle", {})
    assert delivery.acked["email"] == (await revisions(hub, "email"))["email"]


@pytest.mark.parametrize("at_fault", [("name",), ("name", "life", "phone")])
async def test_a_record_that_was_not_created_is_sent_whole_once_anything_of_it_changes(
    hub: Hub, at_fault: tuple[str, ...]
) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, {**ALFKI, "phone": "030-1"})])
    await deliver(hub, "erp", ScriptedSpoke(refusing(*at_fault, created=False)))
    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.acked, set(delivery.refused)) == ("rejected", {}, set(at_fault))
    assert await deliver(hub, "erp", ScriptedSpoke()) == 0

    await hub.ingest.handle([hub.event("crm", "c1", 2, {"phone": "030-2"}, snapshot=ALFKI)])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)

    assert erp.values() == [{**ALFKI, "phone": "030-2"}]
    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.refused) == ("idle", {})
    assert delivery.acked == await revisions(hub, "name", "life", "phone")


async def test_a_record_that_was_not_created_is_tried_again_whole(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke(refusing("name", created=False)))
    await retry_due(hub)
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.values() == [ALFKI]


async def test_a_system_that_makes_a_record_while_it_names_another_acknowledges_nothing(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    canonical_id = (await hub.one(Record)).canonical_id

    class TwoOfThem(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            await hub.ingest.handle([hub.event("erp", "e1", 1, {}, snapshot=ALFKI, canonical_id=canonical_id)])
            return await super().deliver(kind, tenant, items)

    await deliver(hub, "erp", TwoOfThem())
    delivery = await state_of(hub, "erp")
    assert delivery.acked == {}
    (record,) = await hub.all(Record)
    assert "two local records" in (delivery.reason(record.decoded) or "")


async def test_one_item_that_cannot_be_read_does_not_hold_up_its_batch(hub: Hub) -> None:
    batch = [hub.event("crm", f"c{n}", 1, {"name": {"name": f"Firm {n}", "kind": "company"}}) for n in range(7)]
    await hub.ingest.handle(batch)

    class Picky(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if any(item["groups"][0]["value"]["name"] == "Firm 3" for item in items):
                raise BatchRefused({"title": "The request is malformed"})
            return await super().deliver(kind, tenant, items)

    erp = Picky()
    await deliver(hub, "erp", erp)

    assert len(erp.items) == 6
    states = [d.state for d in await hub.all(Delivery) if d.system == "erp"]
    assert (states.count("idle"), states.count("rejected")) == (6, 1)


async def test_a_contact_waits_for_its_customer_and_is_woken_by_its_link(hub: Hub) -> None:
    contact = {"name": "Maria Anders", "customer": "c1", "life": "live"}
    await hub.ingest.handle([hub.event("crm", "p1", 1, contact, kind="contact")])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert (await state_of(hub, "erp")).waiting_for == "customer c1 of crm"
    assert erp.items == []

    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    while await deliver(hub, "erp", erp):
        pass

    customer, person = erp.values()
    assert customer == ALFKI
    assert person["customer"] == f"new-{erp.items[0]['canonical_id']}"
    assert erp.items[1]["references"]["customer"]["canonical_id"] == erp.items[0]["canonical_id"]


async def test_what_waits_is_looked_for_soon_and_then_less_and_less_often(hub: Hub) -> None:
    """The link it waits for may have come while the hub made up its mind: then nobody wakes it."""
    maria = {"name": "Maria Anders", "life": "live", "customer": "c1"}
    await hub.ingest.handle([hub.event("crm", "p1", 1, maria, kind="contact")])
    await deliver(hub, "erp", ScriptedSpoke())
    waiting = await state_of(hub, "erp")
    assert waiting.due_at - waiting.changed_at == timedelta(seconds=1)

    async with transaction(hub.sessions) as session:
        await session.execute(text("update deliveries set changed_at = changed_at - interval '10 seconds'"))
    await deliver(hub, "erp", ScriptedSpoke())
    waiting = await state_of(hub, "erp")
    assert waiting.state == "waiting"
    assert 20 < (waiting.due_at - waiting.changed_at).total_seconds() < 30


async def test_news_of_another_system_that_comes_during_a_delivery_is_told_after_it(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])

    class Slow(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if not self.batches:
                await deliver(hub, "erp", ScriptedSpoke())
            return await super().deliver(kind, tenant, items)

    crm = Slow()
    while await deliver(hub, "crm", crm):
        pass

    told = [item["peers"]["erp"]["state"] for item in crm.items]
    assert told == ["on_its_way", "in_step"]


async def test_a_paused_system_gets_nothing_and_loses_nothing(hub: Hub) -> None:
    async with transaction(hub.sessions) as session:
        await register(session, ["crm", "erp"])
        await pause(session, "erp", "a steward")
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    erp = ScriptedSpoke()
    assert await deliver(hub, "erp", erp) == 0

    async with transaction(hub.sessions) as session:
        await resume(session, "erp")
    await deliver(hub, "erp", erp)

    assert erp.values() == [ALFKI]


async def test_an_edit_that_comes_during_a_delivery_is_delivered_after_it(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])

    class Slow(ScriptedSpoke):
        async def deliver(self, kind: str, tenant: Any, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
            await hub.ingest.handle([hub.event("crm", "c1", 2, {"segment": "vip"}, snapshot=ALFKI)])
            return await super().deliver(kind, tenant, items)

    await deliver(hub, "erp", Slow())

    assert (await state_of(hub, "erp")).state == "pending"
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.values() == [{"segment": "vip"}]


async def test_an_item_carries_the_correlation_id_of_the_newest_edit_in_it(hub: Hub) -> None:
    await hub.with_status()
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI, correlation="first")])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    phone = [hub.event("crm", "c1", n, {"phone": f"030-{n}"}, snapshot=ALFKI, correlation=f"edit-{n}") for n in (2, 3)]
    await hub.ingest.handle(phone)
    await deliver(hub, "erp", erp)
    assert [item["correlation_id"] for item in erp.items] == ["first", "edit-3"]


@pytest.mark.parametrize("correlation", [None, "x" * 129, "a b"])
async def test_an_edit_without_a_readable_correlation_id_is_delivered_without_one(
    hub: Hub, correlation: str | None
) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI, correlation=correlation)])
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert (erp.values(), "correlation_id" in erp.items[0]) == ([ALFKI], False)


async def test_the_latency_of_an_edit_from_the_future_is_measured_from_its_merge(hub: Hub) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI, at=ahead)])
    assert await deliver(hub, "erp", ScriptedSpoke()) == 1
    (seconds,) = hub.delivering["erp"].seconds
    assert seconds > 0
