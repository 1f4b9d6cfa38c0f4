"""A tenant chooses policies: later merges use them at once, and nothing else changes."""

from typing import Any

import httpx
import orjson
import pytest
from chassis.db import transaction
from chassis.outbox import OutboxRow
from chassis.testing import OTHER_TENANT, TENANT
from gateway.ingest.consume import Ingest
from sqlalchemy import select

from .hub import HOLDS, Hub
from .test_decisions import NAME, both_edit, newest

pytestmark = pytest.mark.servers
EMAIL = "/v1/policies/customer/email"
SCOPES = "sync:read sync:write policies:write"


async def choose(client: httpx.AsyncClient, policy: str, path: str = EMAIL, version: int | str = "*") -> httpx.Response:
    match = version if isinstance(version, str) else f'"{version}"'
    return await client.put(path, json={"policy": policy, "reason": "Sales keeps it."}, headers={"If-Match": match})


async def outcome(hub: Hub, client: httpx.AsyncClient) -> tuple[str, str, int]:
    """Two systems edit an e-mail address concurrently: the value that wins, and the policy that decided."""
    crm = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
    await both_edit(hub, (crm, hub.erp.copy_of(str(crm.canonical_id))))
    decision = await newest(client, group="email")
    return decision["value"], decision["policy"]["name"], decision["policy"]["version"]


async def test_a_chosen_policy_decides_the_next_merge_and_is_named_by_the_decision(hub: Hub) -> None:
    async with hub.client(scope=SCOPES, sub="stella") as client:
        assert await outcome(hub, client) == ("erp@x.example", "newest", 1)
        chosen = await choose(client, "prefer:crm", version=1)
        assert (chosen.status_code, chosen.headers["ETag"]) == (200, '"2"'), chosen.text
        assert await outcome(hub, client) == ("crm@x.example", "prefer:crm", 2)
        shown = (await client.get(EMAIL)).json()
        assert (shown["policy"], shown["built_in"], shown["version"]) == ("prefer:crm", "newest", 2)
        assert [(each["version"], each["policy"], each["author"]) for each in shown["versions"]] == [
            (2, "prefer:crm", "stella"),
            (1, "newest", None),
        ]
        golden = [event["data"] for event in await published(hub)]
        assert golden[-1]["policies"]["email"] == "prefer:crm"
        again = await choose(client, "prefer:crm", version=2)
        assert again.headers["ETag"] == '"2"'
        assert (await choose(client, "newest", version=1)).status_code == 412


async def published(hub: Hub) -> list[dict[str, Any]]:
    async with transaction(hub.sessions, TENANT) as session:
        wanted = select(OutboxRow.data).where(OutboxRow.topic == "sync.customer.v1").order_by(OutboxRow.id)
        return [{"data": orjson.loads(data)} for data in await session.scalars(wanted)]


async def test_a_rollback_is_a_new_version_with_the_policy_of_an_old_one(hub: Hub) -> None:
    async with hub.client(scope=SCOPES, sub="stella") as client:
        await choose(client, "prefer:crm")
        back = await client.post(f"{EMAIL}/rollback", json={"version": 1, "reason": "It was wrong."})
        assert (back.json()["policy"], back.json()["version"]) == ("newest", 3), back.text
        assert await outcome(hub, client) == ("erp@x.example", "newest", 3)
        unknown = await client.post(f"{EMAIL}/rollback", json={"version": 9, "reason": "It was wrong."})
        assert unknown.json()["type"] == "/problems/no-such-version"


async def test_a_process_that_runs_already_uses_the_new_policy(hub: Hub) -> None:
    running = Ingest(hub.sessions, HOLDS)
    async with hub.client(scope=SCOPES, sub="stella") as client:
        crm = await hub.enter(hub.crm, {"name": NAME, "email": "info@alfreds.example"})
        erp = hub.erp.copy_of(str(crm.canonical_id))
        async with hub.worker():
            await running.handle([crm.edit({"website": "https://a.example"})])
        await choose(client, "prefer:crm")
        async with hub.worker():
            await running.handle([crm.edit({"email": "crm@x.example"}), erp.edit({"email": "erp@x.example"})])
        assert (await newest(client, group="email"))["policy"] == {"name": "prefer:crm", "version": 2}


async def test_another_tenant_keeps_its_policy(hub: Hub) -> None:
    async with hub.client(scope=SCOPES) as client, hub.client(OTHER_TENANT, scope=SCOPES) as other:
        await choose(client, "prefer:crm")
        assert (await other.get(EMAIL)).json()["policy"] == "newest"
        listed = (await other.get("/v1/policies?kind=customer")).json()["items"][0]["groups"]
        assert {each["policy"] for each in listed if each["group"] == "email"} == {"newest"}


@pytest.mark.parametrize(
    ("path", "policy", "says"),
    [
        (EMAIL, "max", "may have manual, newest, prefer"),
        (EMAIL, "strict:erp", "may have"),
        (EMAIL, "prefer:shop", "does not write"),
        (EMAIL, "loudest", "is not a policy"),
        ("/v1/policies/customer/credit", "newest", "stays strict:erp"),
        ("/v1/policies/customer/tag:*", "newest", "stays member"),
        ("/v1/policies/order/state", "newest", "stays machine"),
        ("/v1/policies/customer/life", "newest", "may have delete_wins, update_wins"),
    ],
)
async def test_a_policy_that_the_group_may_not_have_is_refused(hub: Hub, path: str, policy: str, says: str) -> None:
    async with hub.client(scope=SCOPES) as client:
        refused = await choose(client, policy, path)
        assert refused.status_code == 422
        assert says in refused.json()["errors"][0]["message"]


async def test_a_choice_can_be_simulated_before(hub: Hub) -> None:
    async with hub.client(scope=SCOPES) as client:
        await outcome(hub, client)
        would = (await client.post(f"{EMAIL}/simulate", json={"policy": "prefer:crm"})).json()
        assert (would["decisions"], would["changed"]) == (1, 1)
        assert (await client.get(EMAIL)).json()["version"] == 1


async def test_unknown_groups_are_not_found_and_a_steward_without_the_scope_is_refused(hub: Hub) -> None:
    async with hub.client(scope=SCOPES) as client, hub.client() as steward:
        for name in ("colour", "tag:retail"):
            assert (await client.get(f"/v1/policies/customer/{name}")).json()["type"] == "/problems/no-such-group"
        assert (await choose(steward, "manual")).json()["missing"] == "policies:write"
