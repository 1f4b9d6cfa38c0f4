from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from chassis.auth import ServiceIdentity
from chassis.bus import Message
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from chassis.testing import OTHER_TENANT
from gateway.deliver.loop import MOST_CALLS
from gateway.deliver.models import Delivery
from gateway.deliver.refused_kinds import RefusedKind
from gateway.deliver.spoke import BatchRefused, Spoke
from gateway.links import Link
from gateway.records import Record
from gateway.systems import pause, register, resume
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


async def test_a_new_record_is_created_linked_and_acknowledged(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    erp = ScriptedSpoke()

    await deliver(hub, "erp", erp)

    assert erp.values() == [ALFKI]
    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.acked) == ("idle", {"name": 1, "life": 1})
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
    assert delivery.acked == {"name": 1, "life": 1}
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
    assert (delivery.state, delivery.refused, delivery.acked["email"]) == ("idle", {}, 1)


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
    assert (delivery.state, delivery.refused, delivery.acked) == ("idle", {}, {"name": 1, "life": 1, "phone": 2})


async def test_a_record_that_was_not_created_is_tried_again_whole(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke(refusing("name", created=False)))
    await retry_due(hub)
    erp = ScriptedSpoke()
    await deliver(hub, "erp", erp)
    assert erp.values() == [ALFKI]


async def test_a_system_that_answers_with_another_record_acknowledges_nothing(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke())
    await hub.ingest.handle([hub.event("crm", "c1", 2, {"segment": "vip"}, snapshot=ALFKI)])
    await deliver(hub, "erp", ScriptedSpoke(lambda item: {**applied(item), "local_id": "another"}))
    delivery = await state_of(hub, "erp")
    assert (delivery.state, delivery.acked) == ("rejected", {"name": 1, "life": 1})
    (record,) = await hub.all(Record)
    assert "two records" in (delivery.reason(record.decoded) or "")


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


class Known(ServiceIdentity):
    def __init__(self) -> None:
        """No key: nobody checks it here."""

    def token(self, tenant: UUID, scopes: Sequence[str]) -> str:
        return f"{tenant} {scopes}"


class OverHttp:
    """A system behind a real client: `fault(kind, items)` is what it answers instead of taking a batch."""

    def __init__(self, fault: Callable[[str, list[dict[str, Any]]], httpx.Response | None]) -> None:
        self.fault = fault
        self.calls: list[tuple[str, int]] = []
        self.taken: list[dict[str, Any]] = []
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://erp.test")
        self.spoke = Spoke(client, Known())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        kind, items = request.url.path.rpartition("/")[2], orjson.loads(request.content)["items"]
        self.calls.append((kind, len(items)))
        refused = self.fault(kind, items)
        if refused is None:
            self.taken += items
        return refused or httpx.Response(200, json={"items": [applied(item) for item in items]})

    @property
    def names(self) -> set[str]:
        return {group["value"]["name"] for item in self.taken for group in item["groups"] if group["group"] == "name"}


def firm(hub: Hub, n: int, **more: Any) -> Message:
    return hub.event("crm", f"c{n}", 1, {"name": {"name": f"Firm {n}", "kind": "company"}, "life": "live"}, **more)


def holds(items: list[dict[str, Any]], name: str) -> bool:
    return any(group["value"] == {"name": name, "kind": "company"} for item in items for group in item["groups"])


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(404, json={"type": "/problems/unknown-kind", "title": "Not that kind"}),
        httpx.Response(404, text="<html>no page here</html>"),
        httpx.Response(410),
        httpx.Response(501),
        httpx.Response(403),
    ],
    ids=str,
)
async def test_a_kind_that_a_system_does_not_take_holds_up_no_other_and_goes_once_it_does(
    hub: Hub, refusal: httpx.Response
) -> None:
    tea = [hub.event("crm", f"p{n}", 1, {"name": f"Tea {n}", "life": "live"}, kind="product") for n in range(3)]
    await hub.ingest.handle([*tea, hub.event("crm", "c1", 1, ALFKI)])
    erp = OverHttp(lambda kind, _items: refusal if kind == "product" else None)
    await hub.delivering["erp"].step(erp.spoke)

    assert sorted(erp.calls) == [("customer", 1), ("product", 3)]
    states = {(d.kind, d.state) for d in await hub.all(Delivery) if d.system == "erp"}
    assert states == {("product", "waiting"), ("customer", "idle")}
    refused = await hub.one(RefusedKind)
    assert (refused.system, refused.kind, refused.tries) == ("erp", "product", 1)
    assert str(refusal.status_code) in refused.reason
    await due(hub)
    assert await hub.delivering["erp"].step(erp.spoke) == 0, "asked again before its time"

    for tries in (2, 3):
        await ask_again(hub)
        assert await hub.delivering["erp"].step(erp.spoke) == 3
        refused = await hub.one(RefusedKind)
        assert refused.tries == tries
    assert 3 < (refused.again_at - datetime.now(UTC)).total_seconds() <= 4

    await ask_again(hub)
    taking = OverHttp(lambda _kind, _items: None)
    await hub.delivering["erp"].step(taking.spoke)
    assert (taking.calls, await hub.all(RefusedKind)) == ([("product", 3)], [])


async def ask_again(hub: Hub) -> None:
    """Let the pause of a refused kind pass."""
    await due(hub)
    async with transaction(hub.sessions) as session:
        await session.execute(text("update refused_kinds set again_at = now() - interval '1 second'"))


async def test_an_item_that_a_system_fails_on_is_found_and_all_others_go_on(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(100)])
    await hub.ingest.handle([hub.event("crm", "other", 1, ALFKI, tenant=OTHER_TENANT)])
    erp = OverHttp(lambda _kind, items: httpx.Response(500, text="a bug") if holds(items, "Firm 42") else None)

    assert await hub.delivering["erp"].step(erp.spoke) == 101

    assert erp.names == {f"Firm {n}" for n in range(100) if n != 42} | {"Alfreds Futterkiste"}
    failed = [d for d in await hub.all(Delivery) if d.system == "erp" and d.state != "idle"]
    assert [(each.state, set(each.refused)) for each in failed] == [("rejected", {"name", "life"})]
    assert "answered 500: a bug" in (failed[0].reason() or "")
    assert (failed[0].due_at - failed[0].changed_at).total_seconds() == 2
    before = len(erp.calls)
    await due(hub)
    assert await hub.delivering["erp"].step(erp.spoke) == 0
    assert len(erp.calls) == before

    await retry_due(hub)
    taking = OverHttp(lambda _kind, _items: None)
    await hub.delivering["erp"].step(taking.spoke)
    assert taking.names == {"Firm 42"}


async def test_many_items_that_a_system_fails_on_cost_a_bounded_number_of_calls_and_end_alone(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(60)])
    bad = {f"Firm {n}" for n in range(0, 60, 3)}

    def fault(_kind: str, items: list[dict[str, Any]]) -> httpx.Response | None:
        return httpx.Response(500) if any(holds(items, name) for name in bad) else None

    for _ in range(20):
        erp = OverHttp(fault)
        await due(hub)
        if not await hub.delivering["erp"].step(erp.spoke):
            break
        assert len(erp.calls) <= 2 + MOST_CALLS
    states = [d.state for d in await hub.all(Delivery) if d.system == "erp"]
    assert (states.count("idle"), states.count("rejected")) == (40, 20)


async def test_a_system_that_fails_on_everything_is_away(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(4)])
    erp = OverHttp(lambda _kind, _items: httpx.Response(500, text="no disk"))
    with pytest.raises(Unreachable, match="no disk"):
        await hub.delivering["erp"].step(erp.spoke)
    assert erp.calls == [("customer", 4), ("customer", 0)]
    assert {(d.state, d.leased_until) for d in await hub.all(Delivery) if d.system == "erp"} == {("pending", None)}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_system_that_says_not_now_is_away_at_once(hub: Hub, status: int) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(4)])
    erp = OverHttp(lambda _kind, _items: httpx.Response(status))
    with pytest.raises(Unreachable):
        await hub.delivering["erp"].step(erp.spoke)
    assert erp.calls == [("customer", 4)]


async def test_a_kind_that_a_system_fails_on_holds_up_no_other(hub: Hub) -> None:
    await hub.ingest.handle([hub.event("crm", "p1", 1, {"name": "Tea", "life": "live"}, kind="product")])
    await hub.ingest.handle([hub.event("crm", "c1", 1, ALFKI)])
    erp = OverHttp(lambda kind, _items: httpx.Response(500, text="no table") if kind == "product" else None)
    await hub.delivering["erp"].step(erp.spoke)
    assert erp.names == {"Alfreds Futterkiste"}
    refused = await hub.one(RefusedKind)
    assert (refused.kind, refused.reason) == ("product", "answered 500: no table")


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [{}]}, [], "yes"], ids=str)
async def test_an_answer_that_cannot_be_read_refuses_the_item_and_no_other_tenants(hub: Hub, body: Any) -> None:
    await hub.ingest.handle([firm(hub, 1), hub.event("crm", "other", 1, ALFKI, tenant=OTHER_TENANT)])
    erp = OverHttp(lambda _kind, items: httpx.Response(200, json=body) if holds(items, "Firm 1") else None)
    await hub.delivering["erp"].step(erp.spoke)
    assert erp.names == {"Alfreds Futterkiste"}
    (failed,) = [d for d in await hub.all(Delivery) if d.system == "erp" and d.state == "rejected"]
    assert "answer" in (failed.reason() or "")


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
