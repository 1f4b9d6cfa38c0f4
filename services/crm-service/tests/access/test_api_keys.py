"""API keys: made once and shown once, limited to their maker's scopes, refused soon after they are revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from access.api_keys import commands, rules
from access.api_keys.models import ApiKey
from access.api_keys.verifying import KEY_SECONDS
from chassis import clock
from chassis.db import transaction
from chassis.limits import Rates
from crm.__main__ import verbs
from sqlalchemy import select, update
from typer.testing import CliRunner

from .conftest import Door

pytestmark = pytest.mark.servers
BODY = {"name": "Web shop", "scopes": ["customers:read", "customers:write"]}


async def made(door: Door, **more: Any) -> dict[str, Any]:
    answer = await door.admin.post("/v1/api-keys", json={**BODY, **more})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store"), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(door: Door, key_id: str) -> ApiKey:
    async with transaction(door.app.state.sessions, door.tenant) as session:
        row = await session.get(ApiKey, UUID(key_id))
        assert row is not None
        return row


async def change(door: Door, key_id: str, **values: Any) -> None:
    async with transaction(door.app.state.sessions, door.tenant) as session:
        await session.execute(update(ApiKey).where(ApiKey.id == UUID(key_id)).values(**values))


def wait(door: Door, monkeypatch: pytest.MonkeyPatch, seconds: float = KEY_SECONDS) -> None:
    """Let the time pass for which keys are remembered."""
    known = door.app.state.verifier._keys._known
    now = known._clock()
    monkeypatch.setattr(known, "_clock", lambda: now + seconds)


async def test_a_key_opens_what_its_scopes_open(door: Door) -> None:
    key = await made(door)
    shop = door.bearer(key["key"])
    created = await shop.post("/v1/customers", json={"name": "Alfreds"})
    assert created.status_code == 201
    assert (await shop.get("/v1/orders")).json()["missing"] == "orders:read"
    told = (await shop.get("/v1/me")).json()
    assert (told["subject"], told["tenant"]) == (f"key:{key['id']}", str(door.tenant))
    assert told["scopes"] == BODY["scopes"]
    who = (await door.admin.get(f"/v1/customers/{created.json()['id']}/timeline")).json()["items"]
    assert {entry["actor"] for entry in who} == {f"key:{key['id']}"}


async def test_a_key_is_shown_once_and_stored_as_a_digest(door: Door) -> None:
    key = await made(door)
    assert key["key"].startswith(key["prefix"]) and key["prefix"] == rules.shown(door.tenant, UUID(key["id"]))
    row = await stored(door, key["id"])
    assert row.digest == rules.digest(key["key"])
    for answer in (await door.admin.get("/v1/api-keys"), await door.admin.get(f"/v1/api-keys/{key['id']}")):
        assert answer.status_code == 200 and key["key"] not in answer.text and "digest" not in answer.text


async def test_a_key_has_at_most_the_scopes_of_its_maker(door: Door) -> None:
    clerk = door.client(scopes="access:write customers:read")
    refused = await clerk.post("/v1/api-keys", json=BODY)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["customers:write"])
    assert (await clerk.post("/v1/api-keys", json={"name": "x", "scopes": ["customers:read"]})).status_code == 201


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_a_key_expires_within_a_year(door: Door, days: int) -> None:
    body = {**BODY, "expires_at": (clock.now() + timedelta(days=days)).isoformat()}
    refused = await door.admin.post("/v1/api-keys", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "expires_at")


async def test_unknown_wrong_expired_and_revoked_keys_get_the_same_answer(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired, revoked, good = [await made(door) for _ in range(3)]
    assert (await door.bearer(expired["key"]).get("/v1/customers")).status_code == 200
    assert (await door.bearer(revoked["key"]).get("/v1/customers")).status_code == 200
    await change(door, expired["id"], expires_at=clock.now())
    assert (await door.admin.delete(f"/v1/api-keys/{revoked['id']}")).json()["revoked_by"] == "ada"
    wait(door, monkeypatch)
    refused = [
        expired["key"],
        revoked["key"],
        rules.new_key(door.tenant, uuid4()),
        rules.new_key(door.tenant, UUID(good["id"])),
        rules.new_key(uuid4(), UUID(good["id"])),
        good["key"][:-1],
        "concord_",
    ]
    answers = [await door.bearer(key).get("/v1/customers") for key in refused]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Bearer error="invalid_token"'}
    assert len({(answer.json()["title"], answer.json()["detail"], answer.json()["hint"]) for answer in answers}) == 1
    assert (await door.bearer(good["key"]).get("/v1/customers")).status_code == 200


async def test_a_key_that_expires_while_it_is_remembered_is_refused_at_once(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(door, expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    assert (await door.bearer(key["key"]).get("/v1/customers")).status_code == 200
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (await door.bearer(key["key"]).get("/v1/customers")).status_code == 401


async def test_the_last_use_is_stored_once_a_minute_also_when_the_request_fails(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await made(door)
    shop = door.bearer(key["key"])
    assert (await shop.post("/v1/customers", json={})).status_code == 422
    first = (await stored(door, key["id"])).last_used_at
    assert first is not None
    for seconds, written in ((59, False), (61, True)):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: first + timedelta(seconds=seconds))
        wait(door, monkeypatch)
        assert (await shop.get("/v1/customers")).status_code == 200
        assert ((await stored(door, key["id"])).last_used_at != first) == written


async def test_a_locked_key_is_accepted_without_waiting(door: Door) -> None:
    key = await made(door)
    async with transaction(door.app.state.sessions, door.tenant) as session:
        await session.scalar(select(ApiKey.id).where(ApiKey.id == UUID(key["id"])).with_for_update())
        assert (await door.bearer(key["key"]).get("/v1/customers")).status_code == 200
    assert (await stored(door, key["id"])).last_used_at is None


async def test_requests_are_limited_by_key(door: Door) -> None:
    first, second = [door.bearer((await made(door))["key"]) for _ in range(2)]
    door.app.state.rates = Rates(2, None)
    assert [(await first.get("/v1/customers")).status_code for _ in range(3)] == [200, 200, 429]
    assert (await second.get("/v1/customers")).status_code == 200


async def test_another_tenants_keys_are_invisible(door: Door) -> None:
    key = await made(door)
    other = door.client(roles="admin", tenant=str(uuid4()))
    assert (await other.get("/v1/api-keys")).json()["items"] == []
    assert (await other.delete(f"/v1/api-keys/{key['id']}")).status_code == 404


async def test_a_tenant_has_a_bounded_number_of_keys_in_force(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_KEYS", 1)
    key = await made(door)
    assert (await door.admin.post("/v1/api-keys", json=BODY)).json()["type"] == "/problems/too-many-api-keys"
    await door.admin.delete(f"/v1/api-keys/{key['id']}")
    await made(door)
    listed = [len((await door.admin.get("/v1/api-keys", params={"in_force": each})).json()["items"]) for each in (1, 0)]
    assert listed == [1, 1]


def test_keys_are_made_listed_and_revoked_on_the_command_line(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", committed)

    def run(*words: str) -> str:
        outcome = CliRunner().invoke(verbs, ["key", *words, "--tenant", tenant])
        return outcome.output

    tenant = str(uuid4())
    said, key = run("create", "Shop", "--scopes", "products:read", "--days", "7").strip().splitlines()
    found = rules.presented(key)
    assert found is not None and str(found.tenant) == tenant and str(found.id) in said
    assert "active" in run("list") and key not in run("list")
    assert "revoked" in run("revoke", str(found.id))
    assert "There is no scope products:eat." in run("create", "Shop", "--scopes", "products:eat")


async def test_a_wrong_key_says_nothing_of_the_tenant(door: Door) -> None:
    anonymous = httpx.AsyncClient(transport=httpx.ASGITransport(door.app), base_url="http://crm.test")
    answer = await anonymous.get(
        "/v1/customers", headers={"Authorization": f"Bearer {rules.new_key(uuid4(), uuid4())}"}
    )
    assert answer.json()["detail"] == "The API key is not valid."
