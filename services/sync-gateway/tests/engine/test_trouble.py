"""What holds up one record, one kind or one system, and nothing else."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from access.identity import ServiceIdentity
from chassis.bus import Message
from chassis.client import Unreachable
from chassis.db import Sessions, transaction
from chassis.testing import OTHER_TENANT
from gateway.deliver.loop import MOST_CALLS
from gateway.deliver.spoke import Spoke
from gateway.store.deliveries import Delivery
from gateway.store.refused_kinds import RefusedKind
from sqlalchemy import text

from .hub import Hub, applied
from .test_deliver import ALFKI, due, retry_due

pytestmark = pytest.mark.servers


@pytest.fixture
def hub(sessions: Sessions) -> Hub:
    return Hub(sessions)


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
    assert "answered 500: a bug" in failed[0].refused["name"]["problem"]["detail"]
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

    for _ in range(40):
        erp = OverHttp(fault)
        await due(hub)
        if not await hub.delivering["erp"].step(erp.spoke):
            break
        assert (
            len(erp.calls) <= 4 + MOST_CALLS
        )  # Those whose time to be retried has come go apart; each batch is probed.
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
    assert "answer" in failed.refused["name"]["problem"]["detail"]


def hanging(_kind: str, _items: list[dict[str, Any]]) -> httpx.Response | None:
    raise httpx.ReadTimeout("no answer")


async def test_an_item_that_a_system_hangs_on_waits_alone_and_the_others_arrive(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(8)])
    erp = OverHttp(lambda kind, items: hanging(kind, items) if holds(items, "Firm 5") else None)
    await hub.delivering["erp"].step(erp.spoke)
    assert erp.names == {f"Firm {n}" for n in range(8)} - {"Firm 5"}
    (failed,) = [d for d in await hub.all(Delivery) if d.system == "erp" and d.state == "rejected"]
    assert "did not answer in time" in failed.refused["name"]["problem"]["detail"]
    assert failed.refused["name"]["tries"] == 1


async def test_an_item_that_hangs_again_takes_no_other_with_it(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, 5)])
    erp = OverHttp(lambda kind, items: hanging(kind, items) if holds(items, "Firm 5") else None)
    await hub.delivering["erp"].step(erp.spoke)
    await hub.ingest.handle([firm(hub, n) for n in range(4)])
    await retry_due(hub)
    erp.calls.clear()
    await hub.delivering["erp"].step(erp.spoke)
    assert erp.calls == [("customer", 4), ("customer", 1), ("customer", 0)]


async def test_a_system_that_hangs_on_every_call_is_away_after_two(hub: Hub) -> None:
    tea = [hub.event("crm", f"p{n}", 1, {"name": f"Tea {n}", "life": "live"}, kind="product") for n in range(3)]
    await hub.ingest.handle([*tea, *[firm(hub, n) for n in range(3)]])
    erp = OverHttp(hanging)
    with pytest.raises(Unreachable, match="did not answer in time"):
        await hub.delivering["erp"].step(erp.spoke)
    assert [count for _, count in erp.calls] == [3, 0]
    assert {(d.state, d.leased_until) for d in await hub.all(Delivery) if d.system == "erp"} == {("pending", None)}


async def test_a_system_that_begins_to_hang_while_an_item_is_looked_for_is_away_and_blames_none(hub: Hub) -> None:
    await hub.ingest.handle([firm(hub, n) for n in range(8)])
    seen = list[int]()

    def fault(kind: str, items: list[dict[str, Any]]) -> httpx.Response | None:
        seen.append(len(items))
        return None if seen == [8, 0] else hanging(kind, items)

    with pytest.raises(Unreachable):
        await hub.delivering["erp"].step(OverHttp(fault).spoke)
    assert seen == [8, 0, 4, 0]
    assert {d.state for d in await hub.all(Delivery) if d.system == "erp"} == {"pending"}
