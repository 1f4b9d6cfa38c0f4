"""The quarantine over HTTP: messages are read, replayed and dropped, and never lost."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.bus import Message
from chassis.testing import OTHER_TENANT, TENANT

from .events import OFFSETS, LocalRecord
from .hub import Hub

pytestmark = pytest.mark.servers


def unreadable() -> Message:
    return Message("crm.customer.v1", b"k", b"{no json", (("x", b"\xff"),), 0, next(OFFSETS))


def refuse_everything(*_: Any) -> None:
    raise ValueError("a rule that is corrected later")


async def listed(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get("/v1/quarantine", params=params)).json()["items"]
    return items


async def test_a_message_without_a_tenant_is_seen_by_operators_alone(hub: Hub, operator: httpx.AsyncClient) -> None:
    await hub.read(unreadable())
    (held,) = await listed(operator, state="held", topic="crm.customer.v1")
    assert "neither JSON nor a CloudEvent" in held["error"]
    in_full = (await operator.get(f"/v1/quarantine/{held['id']}")).json()
    assert (in_full["value"], in_full["key"], in_full["headers"]) == ("{no json", "k", {"x": "�"})
    assert (await operator.get("/v1/status")).json()["quarantine_held"] == 1
    for tenant in (TENANT, OTHER_TENANT):
        async with hub.client(tenant) as one_of_theirs:
            assert await listed(one_of_theirs) == []
            assert (await one_of_theirs.get("/v1/status")).json()["quarantine_held"] == 0
            assert (await one_of_theirs.get(f"/v1/quarantine/{held['id']}")).status_code == 404
            for verb in ("replay", "drop"):
                refused = await one_of_theirs.post(f"/v1/quarantine/{held['id']}/{verb}")
                assert refused.status_code == 404


async def test_an_operator_sees_no_message_of_another_tenant(hub: Hub, operator: httpx.AsyncClient) -> None:
    message = LocalRecord("crm", tenant=OTHER_TENANT).edit({"name": "x"})
    await hub.read(replace(message, value=b"{}"))
    assert await listed(operator) == []


async def test_a_message_of_a_tenant_is_seen_by_that_tenant_alone(hub: Hub, client: httpx.AsyncClient) -> None:
    message = LocalRecord("crm").edit({"name": "x"})
    await hub.read(replace(message, value=b"{}"))
    assert len(await listed(client)) == 1
    async with hub.client(OTHER_TENANT) as other:
        assert await listed(other) == []


async def test_replaying_merges_the_message_once_its_cause_is_gone(
    hub: Hub, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = LocalRecord("crm")
    with monkeypatch.context() as broken:
        broken.setattr("gateway.ingest.consume.fold", refuse_everything)
        await hub.read(row.edit({"name": {"name": "Alfreds", "kind": "company"}}))
    (held,) = await listed(client)
    assert held["error"] == "a rule that is corrected later"
    answer = await client.post(f"/v1/quarantine/{held['id']}/replay")
    assert (answer.status_code, answer.json()["state"], answer.json()["handled_by"]) == (202, "replaying", "stella")
    assert (await client.post(f"/v1/quarantine/{held['id']}/replay")).status_code == 202
    await hub.replay()
    assert [each["id"] for each in await listed(client, state="replayed")] == [held["id"]]
    assert len((await client.get("/v1/links", params={"local_id": row.local_id})).json()["items"]) == 1
    assert (await client.post(f"/v1/quarantine/{held['id']}/replay")).status_code == 409
    assert (await client.post(f"/v1/quarantine/{held['id']}/drop")).status_code == 409


async def test_a_message_that_fails_again_is_held_with_the_reason(hub: Hub, operator: httpx.AsyncClient) -> None:
    await hub.read(unreadable())
    (held,) = await listed(operator)
    await operator.post(f"/v1/quarantine/{held['id']}/replay")
    await hub.replay()
    assert [each["state"] for each in await listed(operator)] == ["held"]


async def test_a_dropped_message_is_kept_with_who_dropped_it(hub: Hub, operator: httpx.AsyncClient) -> None:
    await hub.read(unreadable())
    (held,) = await listed(operator)
    dropped = (await operator.post(f"/v1/quarantine/{held['id']}/drop")).json()
    assert (dropped["state"], dropped["handled_by"]) == ("dropped", "olga")
    assert await listed(operator, state="held") == []
    assert (await operator.get(f"/v1/quarantine/{held['id']}")).json()["value"] == "{no json"
    assert (await operator.post(f"/v1/quarantine/{held['id']}/replay")).status_code == 202


async def test_unknown_messages_and_wrong_input_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/v1/quarantine/{uuid4()}")).status_code == 404
    assert (await client.post(f"/v1/quarantine/{uuid4()}/replay")).status_code == 404
    assert (await client.post("/v1/quarantine/one/replay")).status_code == 422
    assert (await client.get("/v1/quarantine?state=lost")).status_code == 422
