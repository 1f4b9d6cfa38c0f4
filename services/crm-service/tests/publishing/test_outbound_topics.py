"""Outbound topics of a tenant, on a real database and a real broker."""

from collections.abc import Mapping
from typing import Any

import pytest
from chassis.bus import BrokerAway
from chassis.db import transaction
from chassis.testing import caller
from crm.wiring import SERVICE
from outbound.handlers import Lane
from sqlalchemy import text

from .conftest import SCOPES, Desk

pytestmark = pytest.mark.servers


def headers_of(record: Any) -> Mapping[str, bytes]:
    return dict(record.headers)


async def test_a_topic_has_what_was_there_before_it_and_what_follows_in_the_form_of_events(desk: Desk) -> None:
    deal = await desk.deal("Tea for the canteen")
    declared = await desk.declare()
    assert (declared["topic"], declared["state"]) == (desk.topic, "waiting")
    await desk.publish()
    await desk.change(deal, name="Tea for all")
    await desk.publish()
    first, second = await desk.read()
    assert first.key == second.key == deal["id"].encode()
    assert headers_of(first)["ce_type"] == b"crm.deal.changed.v1"
    assert headers_of(first)["ce_tenant"] == str(desk.tenant).encode()
    assert headers_of(first)["ce_id"] != headers_of(second)["ce_id"]
    assert [each["name"] for each in await desk.snapshots()] == ["Tea for the canteen", "Tea for all"]
    assert (await desk.shown())["state"] == "published"


async def test_groups_that_are_left_out_are_nowhere_in_the_event_and_a_change_publishes_all_again(desk: Desk) -> None:
    await desk.declare(without=["notes", "custom"])
    await desk.deal("Tea", notes="Ask for Anna")
    await desk.publish()
    [record] = await desk.read()
    assert b"Anna" not in (record.value or b"")
    await desk.declare()
    await desk.publish()
    assert [each.get("notes") for each in await desk.snapshots()] == [None, "Ask for Anna"]


async def test_nothing_of_another_tenant_is_in_the_topic(desk: Desk) -> None:
    async with caller(SERVICE, desk.sessions, SCOPES) as other:
        customer = (await other.post("/v1/customers", json={"name": "Elsewhere"})).json()
        await other.post("/v1/deals", json={"name": "Of others", "customer_id": customer["id"]})
    await desk.declare()
    await desk.deal("Ours")
    await desk.publish()
    assert [each["name"] for each in await desk.snapshots()] == ["Ours"]


async def test_a_topic_whose_log_was_lost_is_published_again(desk: Desk) -> None:
    await desk.declare()
    await desk.deal("Tea")
    await desk.publish()
    await desk.lose_the_log()
    async with transaction(desk.worker) as session:
        await session.execute(text("update outbound_topics set due_at = now() - interval '2 minutes'"))
    await desk.lane.step()
    assert [each["name"] for each in await desk.snapshots()] == ["Tea"]


async def test_a_worker_that_died_before_it_stored_its_position_publishes_again(desk: Desk) -> None:
    await desk.declare()
    await desk.deal("Tea")
    await desk.publish()
    async with transaction(desk.worker) as session:
        await session.execute(text("update outbound_topics set position = 0"))
    await desk.publish()
    first, again = await desk.read()
    assert headers_of(first)["ce_id"] == headers_of(again)["ce_id"]


async def test_a_topic_that_fails_waits_in_a_lane_of_its_own_with_the_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(_lane: Lane, topic: str, _partitions: int) -> None:
        raise BrokerAway(f"TopicAuthorizationFailedError: {topic}")

    await desk.declare()
    await desk.deal("Tea")
    with monkeypatch.context() as patch:
        patch.setattr(Lane, "_log_of", refused)
        await desk.publish()
    found = await desk.shown()
    assert (found["state"], desk.topic in found["error"]) == ("failing", True)
    await desk.publish()
    assert (await desk.shown())["state"] == "failing", "the lane of healthy topics leaves it alone"
    desk.lane.failing = True
    await desk.publish()
    assert (await desk.shown())["state"] == "published"


async def test_a_disabled_topic_waits_and_continues_and_a_withdrawn_one_ends(desk: Desk) -> None:
    await desk.declare(enabled=False)
    await desk.deal("Tea")
    await desk.publish()
    assert ((await desk.shown())["state"], (await desk.shown())["position"]) == ("disabled", 0)
    await desk.declare()
    await desk.publish()
    assert len(await desk.read()) == 1
    version = (await desk.shown())["version"]
    gone = await desk.api.delete("/v1/outbound-topics/deal", headers={"If-Match": f'"{version}"'})
    assert gone.status_code == 204
    assert (await desk.api.get("/v1/outbound-topics/deal")).status_code == 404


async def test_what_may_not_be_published_is_refused_with_the_choices(desk: Desk) -> None:
    put = desk.api.put
    assert (await put("/v1/outbound-topics/customer", json={})).status_code == 404
    wrong = await put("/v1/outbound-topics/deal", json={"without": ["name"]})
    assert (wrong.status_code, "cannot be left out: name" in wrong.text) == (422, True)
    async with caller(SERVICE, desk.sessions, "outbound:write", desk.tenant) as poor:
        refused = await poor.put("/v1/outbound-topics/deal", json={})
    assert refused.json()["type"] == "/problems/outbound-kind-not-readable"
    assert (await desk.api.get("/v1/outbound-topics")).json() == {
        "items": [],
        "kinds": ["deal", "lead", "quote", "task_reminder"],
    }


async def test_a_declaration_that_somebody_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    declared = await desk.declare()
    await desk.declare(without=["notes"])
    stale = {"If-Match": f'"{declared["version"]}"'}
    refused = await desk.api.put("/v1/outbound-topics/deal", json={}, headers=stale)
    assert refused.status_code == 412
    assert (await desk.api.put("/v1/outbound-topics/deal", json={})).status_code == 428
