"""Decisions over HTTP: every conflict is listed, and a value that lost comes back in one call."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.db import transaction
from chassis.testing import TENANT
from gateway.store.decisions import DecisionRow
from gateway.store.deliveries import Delivery
from sqlalchemy import select

from .events import LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers

NAME = {"name": "Alfreds Futterkiste", "kind": "company"}
EARLY = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
LATE = EARLY + timedelta(minutes=5)


@pytest.fixture
async def twins(hub: Hub) -> AsyncIterator[tuple[LocalRecord, LocalRecord]]:
    """A customer that stands in both systems, equal."""
    crm = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example", "notes": "first"})
    yield crm, hub.erp.copy_of(str(crm.canonical_id))


Twins = tuple[LocalRecord, LocalRecord]


async def both_edit(
    hub: Hub, twins: Twins, group: str = "email", first: Any = "crm@x.example", second: Any = "erp@x.example"
) -> None:
    """Two users write the same group without seeing each other; the one in the ERP is later."""
    crm, erp = twins
    await hub.merge(crm.edit({group: first}, "carla", EARLY), erp.edit({group: second}, "egon", LATE))


async def newest(client: httpx.AsyncClient, **filters: str) -> dict[str, Any]:
    decision: dict[str, Any] = (await client.get("/v1/decisions", params=filters)).json()["items"][0]
    return decision


async def states(hub: Hub) -> dict[str, str]:
    async with transaction(hub.sessions, TENANT) as session:
        return {row.system: row.state for row in await session.scalars(select(Delivery))}


async def test_a_conflict_stands_in_the_log_with_all_values_authors_winner_and_rule(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    decision = await newest(client)
    assert (decision["group"], decision["rule"], decision["winner"]) == ("email", "newest", "erp")
    assert (decision["state"], decision["value"]) == ("decided", "erp@x.example")
    told = [(v["origin"], v["actor"], v["value"], v["outcome"], v["at"]) for v in decision["values"]]
    assert sorted(told) == [
        ("crm", "carla", "crm@x.example", "lost", EARLY.isoformat().replace("+00:00", "Z")),
        ("erp", "egon", "erp@x.example", "kept", LATE.isoformat().replace("+00:00", "Z")),
    ]
    assert (await client.get(f"/v1/decisions/{decision['id']}")).json() == decision


async def test_restoring_writes_the_value_that_lost_in_every_system(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    await hub.deliver()
    decision = await newest(client)
    answer = (await client.post(f"/v1/decisions/{decision['id']}/restore")).json()
    assert (answer["outcome"], answer["value"], answer["due_in"]) == ("restored", "crm@x.example", ["crm", "erp"])
    assert (answer["decision"]["state"], answer["decision"]["resolved_by"]) == ("resolved", "stella")
    assert await states(hub) == {"crm": "pending", "erp": "pending"}
    await hub.deliver()
    crm, erp = twins
    assert crm.values["email"] == erp.values["email"] == "crm@x.example"
    assert await states(hub) == {"crm": "idle", "erp": "idle"}


async def test_a_restored_value_is_an_edit_of_the_steward_with_its_own_line_in_the_log(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    first = await newest(client)
    answer = (await client.post(f"/v1/decisions/{first['id']}/restore", json={"origin": "crm"})).json()
    logged = (await client.get(f"/v1/decisions/{answer['logged_as']}")).json()
    assert (logged["rule"], logged["winner"], logged["resolved_by"]) == ("resolved", "hub", "stella")
    assert [(v["origin"], v["outcome"]) for v in logged["values"]] == [
        ("crm", "kept"),
        ("erp", "lost"),
        ("hub", "kept"),
    ]
    shown = (await client.get(f"/v1/records/customer/{first['canonical_id']}")).json()["groups"]["email"]
    assert [(head["origin"], head["actor"]) for head in shown["heads"]] == [("hub", "stella")]
    golden = await hub.announced("sync.customer.v1")
    assert golden[-1]["values"]["email"] == "crm@x.example"
    told = [(each["id"], each["state"]) for each in await hub.announced("sync.conflict.v1")]
    assert told == [(first["id"], "decided"), (first["id"], "resolved"), (logged["id"], "resolved")]


async def test_an_edit_made_after_seeing_the_restored_value_is_no_conflict(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    await client.post(f"/v1/decisions/{(await newest(client))['id']}/restore")
    await hub.deliver()
    before = len((await client.get("/v1/decisions")).json()["items"])
    await hub.merge(twins[1].edit({"email": "new@x.example"}))
    assert len((await client.get("/v1/decisions")).json()["items"]) == before


async def test_restoring_what_is_shown_already_writes_nothing_and_says_so(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    decision = await newest(client)
    first = (await client.post(f"/v1/decisions/{decision['id']}/restore")).json()
    again = (await client.post(f"/v1/decisions/{decision['id']}/restore")).json()
    assert (again["outcome"], again["rev"], again["due_in"]) == ("unchanged", first["rev"], [])
    assert "nothing was written" in again["detail"]


async def test_the_same_idempotency_key_gets_the_same_answer(hub: Hub, client: httpx.AsyncClient, twins: Twins) -> None:
    await both_edit(hub, twins)
    address = f"/v1/decisions/{(await newest(client))['id']}/restore"
    first = await client.post(address, headers={"Idempotency-Key": "once"})
    again = await client.post(address, headers={"Idempotency-Key": "once"})
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_when_several_values_lost_the_caller_must_name_one(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins, "notes", "by phone", "by mail")
    address = f"/v1/decisions/{(await newest(client, group='notes'))['id']}/restore"
    refused = await client.post(address)
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "/problems/several-values"
    assert [value["value"] for value in problem["values"]] == ["by phone", "by mail"]
    assert '{"origin": "crm"}' in problem["hint"]
    event_id = problem["values"][1]["event_id"]
    assert (await client.post(address, json={"event_id": event_id})).json()["value"] == "by mail"
    unknown = await client.post(address, json={"origin": "shop"})
    assert unknown.status_code == 422
    assert "crm" in unknown.json()["errors"][0]["message"]


async def test_a_refused_edit_of_a_strict_group_can_be_restored_by_a_steward(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    crm, erp = twins
    await hub.merge(erp.edit({"payment_terms": {"days": 14}}))
    await hub.deliver()
    await hub.merge(crm.edit({"payment_terms": {"days": 90}}, "carla"))
    decision = await newest(client, group="payment_terms")
    assert (decision["rule"], decision["winner"]) == ("strict:erp", "erp")
    assert [v["outcome"] for v in decision["values"] if v["origin"] == "crm"] == ["refused"]
    answer = (await client.post(f"/v1/decisions/{decision['id']}/restore")).json()
    assert answer["value"] == {"days": 90, "discount_days": None, "discount_percent": None}
    await hub.deliver()
    assert erp.values["payment_terms"] == answer["value"]
    await hub.merge(erp.edit({"payment_terms": {"days": 30}}))
    shown = (await client.get(f"/v1/records/customer/{crm.canonical_id}")).json()
    assert shown["groups"]["payment_terms"]["value"]["days"] == 30


async def test_a_value_that_breaks_a_rule_of_the_kind_is_not_restored(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    crm, _ = twins
    await hub.merge(crm.edit({"payment_terms": {"days": 14}}))
    decision = await newest(client, group="payment_terms")
    await log_says(hub, {"days": 14, "discount_days": 30, "discount_percent": "2"})
    refused = await client.post(f"/v1/decisions/{decision['id']}/restore")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "discount_days 30 is more than days 14."


async def test_a_value_of_another_shape_that_an_old_log_holds_is_not_restored(
    hub: Hub, client: httpx.AsyncClient, twins: Twins
) -> None:
    await both_edit(hub, twins)
    decision = await newest(client)
    await log_says(hub, 123)
    for origin in ("crm", "erp"):
        refused = await client.post(f"/v1/decisions/{decision['id']}/restore", json={"origin": origin})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "value")


async def log_says(hub: Hub, value: Any) -> None:
    """Write another value into every decision, as an earlier version may have stored it."""
    async with hub.worker(), transaction(hub.sessions) as session:
        for row in await session.scalars(select(DecisionRow)):
            row.heads = [{**head, "value": value} for head in row.heads]


async def test_decisions_are_filtered(hub: Hub, client: httpx.AsyncClient, twins: Twins) -> None:
    await both_edit(hub, twins)
    await both_edit(hub, twins, "notes", "by phone", "by mail")
    await both_edit(hub, twins, "tag:retail", True, False)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for params, groups in (
        ({}, ["tag:retail", "notes", "email"]),
        ({"group": "email"}, ["email"]),
        ({"group": "tag:*"}, ["tag:retail"]),
        ({"state": "open"}, ["notes"]),
        ({"rule": "newest"}, ["email"]),
        ({"canonical_id": str(twins[0].canonical_id), "kind": "customer"}, ["tag:retail", "notes", "email"]),
        ({"kind": "contact"}, []),
        ({"since": later}, []),
        ({"until": later, "rule": "member"}, ["tag:retail"]),
        ({"sort": "decided_at", "limit": "1"}, ["email"]),
    ):
        items = (await client.get("/v1/decisions", params=params)).json()["items"]
        assert [item["group"] for item in items] == groups, params


async def test_unknown_ids_and_wrong_input_are_refused(hub: Hub, client: httpx.AsyncClient, twins: Twins) -> None:
    await both_edit(hub, twins)
    decision = await newest(client)
    assert (await client.get(f"/v1/decisions/{uuid4()}")).status_code == 404
    assert (await client.post(f"/v1/decisions/{uuid4()}/restore")).status_code == 404
    assert (await client.get("/v1/decisions/one")).status_code == 422
    assert (await client.get("/v1/decisions?state=closed")).status_code == 422
    assert (await client.post(f"/v1/decisions/{decision['id']}/restore", json={"from": "crm"})).status_code == 422


@pytest.mark.parametrize("action", ["restore", "resolve"])
async def test_a_value_of_credit_takes_the_scope_that_it_takes_where_it_is_written(
    hub: Hub, client: httpx.AsyncClient, twins: Twins, action: str
) -> None:
    crm, erp = twins
    limit: dict[str, Any] = {"currency": "EUR", "blocked": False}
    await hub.merge(erp.edit({"credit": {**limit, "limit": "100"}}))
    await hub.deliver()
    await hub.merge(crm.edit({"credit": {**limit, "limit": "900000"}}, "carla"))
    decision = await newest(client, group="credit")
    path = f"/v1/{'decisions' if action == 'restore' else 'conflicts'}/{decision['id']}/{action}"
    body = {"origin": "crm"}
    refused = await client.post(path, json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/scope-missing")
    assert refused.json()["needed"] == "credit:write"
    record = (await client.get(f"/v1/records/customer/{crm.canonical_id}")).json()
    assert record["groups"]["credit"]["value"]["limit"] == "100.00"
    async with hub.client(scope="sync:read sync:write credit:write") as steward:
        answer = await steward.post(path, json=body)
    # The edit was refused by the policy, so nothing is open that could be resolved.
    assert answer.status_code == (200 if action == "restore" else 409), answer.text
