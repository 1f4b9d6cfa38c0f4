"""Conflicts over HTTP: a parked group waits for a steward, who picks a value or writes a third one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from .events import LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers

NAME = {"name": "Alfreds Futterkiste", "kind": "company"}


@dataclass
class Conflict:
    """A conflict about the notes of a customer."""

    id: str
    crm: LocalRecord
    erp: LocalRecord


@pytest.fixture
async def conflict(hub: Hub, client: httpx.AsyncClient) -> AsyncIterator[Conflict]:
    crm = await hub.enter(hub.crm, {"name": NAME, "notes": "first"})
    erp = hub.erp.copy_of(str(crm.canonical_id))
    await hub.merge(crm.edit({"notes": "by phone"}, "carla"), erp.edit({"notes": "by mail"}, "egon"))
    yield Conflict((await conflicts(client))[0]["id"], crm, erp)


async def conflicts(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/conflicts")).json()["items"]
    return items


async def test_an_open_conflict_is_listed_and_its_group_alone_is_not_delivered(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    (listed,) = await conflicts(client)
    assert (listed["group"], listed["state"], listed["winner"]) == ("notes", "open", None)
    assert {v["origin"]: v["value"] for v in listed["values"]} == {"crm": "by phone", "erp": "by mail"}
    await hub.merge(conflict.crm.edit({"email": "info@alfreds.example"}))
    await hub.deliver()
    assert conflict.erp.values["email"] == "info@alfreds.example"
    assert (conflict.crm.values["notes"], conflict.erp.values["notes"]) == ("by phone", "by mail")


async def test_picking_a_side_ends_the_conflict_everywhere(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    answer = (await client.post(f"/v1/conflicts/{conflict.id}/resolve", json={"origin": "crm"})).json()
    assert (answer["outcome"], answer["value"], answer["due_in"]) == ("resolved", "by phone", ["crm", "erp"])
    assert (answer["decision"]["state"], answer["decision"]["resolved_by"]) == ("resolved", "stella")
    assert await conflicts(client) == []
    await hub.deliver()
    assert conflict.crm.values["notes"] == conflict.erp.values["notes"] == "by phone"
    golden = (await hub.announced("sync.customer.v1"))[-1]
    assert (golden["values"]["notes"], golden["parked"]) == ("by phone", [])
    told = [each for each in await hub.announced("sync.conflict.v1") if each["id"] == conflict.id]
    assert [each["state"] for each in told] == ["open", "resolved"]


async def test_a_third_value_ends_it_too_in_the_form_that_the_group_has(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    body = {"value": "  by phone, then by mail\r\n"}
    answer = (await client.post(f"/v1/conflicts/{conflict.id}/resolve", json=body)).json()
    assert answer["value"] == "by phone, then by mail"
    await hub.deliver()
    assert conflict.erp.values["notes"] == "by phone, then by mail"


async def test_a_conflict_can_end_with_no_value_at_all(hub: Hub, client: httpx.AsyncClient, conflict: Conflict) -> None:
    answer = await client.post(f"/v1/conflicts/{conflict.id}/resolve", json={"value": None})
    assert answer.status_code == 200
    await hub.deliver()
    assert conflict.crm.values["notes"] is None


async def test_the_second_steward_hears_who_was_first(client: httpx.AsyncClient, conflict: Conflict) -> None:
    await client.post(f"/v1/conflicts/{conflict.id}/resolve", json={"origin": "crm"})
    late = await client.post(f"/v1/conflicts/{conflict.id}/resolve", json={"origin": "erp"})
    assert late.status_code == 409
    problem = late.json()
    assert problem["detail"].startswith("stella resolved it at ")
    assert (problem["state"], problem["shown_now"]) == ("resolved", "by phone")


async def test_an_author_who_saw_the_values_ends_the_conflict_before_the_steward(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    await hub.merge(conflict.crm.edit({"notes": "by fax"}))
    late = await client.post(f"/v1/conflicts/{conflict.id}/resolve", json={"origin": "erp"})
    assert late.status_code == 409
    assert late.json()["state"] == "superseded"
    (still_open,) = await conflicts(client)
    assert {v["value"] for v in still_open["values"]} == {"by fax", "by mail"}


async def test_only_one_conflict_is_open_when_a_batch_brings_several(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    await hub.merge(conflict.crm.edit({"notes": "by fax"}), conflict.erp.edit({"notes": "by post"}))
    (still_open,) = await conflicts(client)
    assert {v["value"] for v in still_open["values"]} == {"by fax", "by post"}
    await client.post(f"/v1/conflicts/{still_open['id']}/resolve", json={"origin": "erp"})
    assert await conflicts(client) == []


async def test_restoring_a_value_of_an_open_conflict_ends_it(
    hub: Hub, client: httpx.AsyncClient, conflict: Conflict
) -> None:
    answer = (await client.post(f"/v1/decisions/{conflict.id}/restore", json={"origin": "erp"})).json()
    assert (answer["outcome"], answer["decision"]["state"]) == ("restored", "resolved")
    assert await conflicts(client) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"origin": "crm", "value": "both"}, ""),
        ({"origin": "shop"}, "origin"),
        ({"value": {"text": "an object"}}, "value"),
        ({"origin": "crm", "note": "x"}, "note"),
    ],
)
async def test_a_choice_says_exactly_one_thing(
    client: httpx.AsyncClient, conflict: Conflict, body: dict[str, Any], field: str
) -> None:
    refused = await client.post(f"/v1/conflicts/{conflict.id}/resolve", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert len(await conflicts(client)) == 1


async def test_a_reader_may_not_resolve(hub: Hub, conflict: Conflict) -> None:
    async with hub.client(scope="sync:read") as reader:
        refused = await reader.post(f"/v1/conflicts/{conflict.id}/resolve", json={"origin": "crm"})
        assert refused.status_code == 403
        assert refused.json()["needed"] == "sync:write"
