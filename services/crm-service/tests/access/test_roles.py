"""Roles: what a token may do by them, who may grant what, and when a change takes effect."""

from typing import Any

import httpx
import pytest
from access.callers import ROLES_SECONDS
from contracts.roles import ROLES
from sqlalchemy import event

from .conftest import Door

pytestmark = pytest.mark.servers
SALES = sorted(ROLES["sales"].scopes)
SEEN = {"If-Match": "*"}


async def me(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v1/me")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def assign(door: Door, subject: str, *roles: str) -> httpx.Response:
    return await door.admin.put(f"/v1/role-assignments/{subject}", json={"roles": roles}, headers=SEEN)


def wait(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time pass for which roles are remembered."""
    known = door.app.state.verifier._known
    now = known._clock()
    monkeypatch.setattr(known, "_clock", lambda: now + ROLES_SECONDS)


async def test_a_token_that_names_no_scope_of_ours_has_those_of_its_roles(door: Door) -> None:
    assert (await me(door.client(scopes="openid profile", roles="sales")))["scopes"] == SALES
    both = await me(door.client(roles="sales warehouse"))
    assert both["scopes"] == sorted(ROLES["sales"].scopes | ROLES["warehouse"].scopes)
    assert (await me(door.client(roles="cook")))["scopes"] == []
    assert (await door.client(roles="cook").get("/v1/customers")).status_code == 403


async def test_a_token_that_names_scopes_of_ours_has_exactly_these(door: Door) -> None:
    told = await me(door.client(scopes="openid customers:read", roles="admin"))
    assert (told["scopes"], told["roles"]) == (["customers:read", "openid"], ["admin"])


async def test_an_issuer_grants_no_more_by_roles_than_by_scopes(door: Door) -> None:
    assert (await me(door.client(issuer=door.limited, roles="sales")))["scopes"] == ["customers:read"]
    # The scopes that it names are capped, and are not replaced by roles.
    assert (await me(door.client(issuer=door.limited, scopes="orders:read", roles="sales")))["scopes"] == []


async def test_roles_are_assigned_by_subject_and_taken_away(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await assign(door, "anna", "sales")).status_code == 200
    told = await me(door.client(roles="service"))
    assert (told["roles"], told["limits"]) == (["sales", "service"], {"discount": "0.1"})
    listed = (await door.admin.get("/v1/role-assignments", params={"role": "sales"})).json()["items"]
    assert [(each["subject"], each["roles"], each["changed_by"]) for each in listed] == [("anna", ["sales"], "ada")]
    assert (await door.admin.delete("/v1/role-assignments/anna", headers=SEEN)).status_code == 204
    wait(door, monkeypatch)
    assert (await me(door.client(roles="service")))["roles"] == ["service"]
    assert (await door.admin.get("/v1/role-assignments/anna")).status_code == 404


async def test_a_tenant_replaces_a_built_in_role_and_takes_it_back(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"purpose": "Sell.", "scopes": ["customers:read"]}
    declared = await door.admin.put("/v1/roles/sales", json=body)
    assert (declared.status_code, declared.json()["built_in"], declared.headers["ETag"]) == (200, True, '"1"')
    assert (await me(door.client(roles="sales")))["scopes"] == ["customers:read"]
    elsewhere = door.client(roles="sales", tenant="00000000-0000-7000-8000-00000000000f")
    assert (await me(elsewhere))["scopes"] == SALES
    assert (await door.admin.put("/v1/roles/sales", json=body)).status_code == 428
    stale = await door.admin.delete("/v1/roles/sales", headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current"]["scopes"]) == (412, ["customers:read"])
    assert (await door.admin.delete("/v1/roles/sales", headers=SEEN)).status_code == 204
    wait(door, monkeypatch)
    assert (await me(door.client(roles="sales")))["scopes"] == SALES


async def test_a_change_takes_effect_within_ten_seconds_and_requests_between_read_no_roles(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    engine = door.app.state.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    anna = door.client(roles="sales")
    assert (await anna.get("/v1/customers")).status_code == 200
    assert sum("role" in each for each in statements) == 2
    for _ in range(3):
        await anna.get("/v1/customers")
    assert sum("role" in each for each in statements) == 2
    await door.admin.put("/v1/roles/sales", json={"scopes": []})
    wait(door, monkeypatch)
    assert (await anna.get("/v1/customers")).status_code == 403


async def test_nobody_grants_a_scope_that_he_lacks(door: Door) -> None:
    clerk = door.client(scopes="access:read access:write customers:read", sub="carl")
    refused = await clerk.put("/v1/roles/own", json={"scopes": ["customers:read", "ledger:post"]})
    assert (refused.status_code, refused.json()["missing"]) == (403, ["ledger:post"])
    refused = await clerk.put("/v1/role-assignments/carl", json={"roles": ["admin"]})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/grant-exceeds-own")
    assert (await door.admin.put("/v1/role-assignments/ada", json={"roles": ["operator"]})).status_code == 403
    # A built-in role that comes back grants what the declared one did not.
    await door.admin.put("/v1/roles/accounting", json={"scopes": ["customers:read"]})
    assert (await clerk.delete("/v1/roles/accounting", headers=SEEN)).status_code == 403
    assert (await door.admin.delete("/v1/roles/accounting", headers=SEEN)).status_code == 204
    assert (await clerk.put("/v1/roles/reader", json={"scopes": ["customers:read"]})).status_code == 200


async def test_nobody_grants_a_limit_beyond_his_own_unless_he_may_declare_limits(door: Door) -> None:
    scopes = " ".join(sorted(ROLES["sales-lead"].scopes - {"prices:write"} | {"access:write"}))
    await door.admin.put("/v1/roles/sales-director", json={"purpose": "Any discount.", "scopes": []})
    lead = door.client(scopes=scopes, roles="sales-lead", sub="lea")
    refused = await lead.put("/v1/role-assignments/lea", json={"roles": ["sales-director"]})
    assert (refused.status_code, refused.json()["limit"], refused.json()["own"]) == (403, "discount", "0.3")
    assert (await lead.put("/v1/role-assignments/ben", json={"roles": ["sales"]})).status_code == 200
    assert (await assign(door, "lea", "sales-director")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/roles/own", {"scopes": ["customers:eat"]}, "scopes[0]"),
        ("/v1/roles/own", {}, "scopes"),
        ("/v1/role-assignments/anna", {"roles": ["cook"]}, "roles"),
        ("/v1/role-assignments/anna", {"roles": []}, "roles"),
        ("/v1/role-assignments/anna", {"roles": [f"r{n}" for n in range(21)]}, "roles"),
    ],
)
async def test_what_is_no_scope_or_no_role_is_refused(door: Door, path: str, body: Any, field: str) -> None:
    refused = await door.admin.put(path, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.text


async def test_another_tenants_roles_and_assignments_are_invisible(door: Door) -> None:
    await door.admin.put("/v1/roles/own", json={"scopes": ["customers:read"]})
    await assign(door, "anna", "own")
    other = door.client(roles="admin", tenant="00000000-0000-7000-8000-00000000000f")
    assert "own" not in [each["name"] for each in (await other.get("/v1/roles")).json()["items"]]
    assert (await other.get("/v1/role-assignments")).json()["items"] == []
    assert (await other.get("/v1/role-assignments/anna")).status_code == 404


async def test_a_tenant_has_a_bounded_number_of_roles(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("access.commands.MOST_ROLES", 1)
    assert (await door.admin.put("/v1/roles/one", json={"scopes": []})).status_code == 200
    assert (await door.admin.put("/v1/roles/two", json={"scopes": []})).json()["type"] == "/problems/too-many-roles"


async def test_everybody_may_ask_who_he_is(door: Door) -> None:
    told = await me(door.client(roles="", sub="nobody"))
    assert (told["subject"], told["tenant"], told["scopes"], told["employee"]) == (
        "nobody", str(door.tenant), [], None,
    )  # fmt: skip
    assert (told["locale"], told["time_zone"]) == (None, "UTC")
    assert (await httpx.AsyncClient(transport=httpx.ASGITransport(door.app), base_url="http://crm.test").get(
        "/v1/me")).status_code == 401  # fmt: skip
