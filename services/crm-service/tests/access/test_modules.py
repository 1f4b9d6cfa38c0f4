"""Modules that a tenant turns off and on: what disappears, what remains, and who may do it."""

import pytest
from access.callers import ROLES_SECONDS
from access.models import RoleAssignment
from chassis.db import transaction
from crm.wiring import MODULES, SERVICE
from modules.optional import OptionalModules
from modules.optional.models import OptionalModule
from sqlalchemy import event

from .conftest import Door

pytestmark = pytest.mark.servers
OPTIONS = OptionalModules(MODULES).names


async def turn(door: Door, *names: str, on: bool = False) -> None:
    """Turn modules off or on; nothing of before is remembered."""
    for name in names:
        answer = await door.admin.put(f"/v1/modules/{name}", json={"enabled": on}, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
    assert SERVICE.authenticator is not None
    door.app.state.verifier = SERVICE.authenticator(door.app)


async def test_imports_and_exports_of_a_module_that_is_off_are_refused(door: Door) -> None:
    await turn(door, "leads")
    upload = await door.admin.post("/v1/imports", params={"target": "leads", "source": "old"}, content=b"key,name\n")
    assert (upload.status_code, upload.json()["type"]) == (404, "/problems/module-off")
    export = await door.admin.get("/v1/leads/export")
    assert (export.status_code, export.json()["type"]) == (404, "/problems/module-off")


async def test_other_tenants_keep_the_module(door: Door) -> None:
    await turn(door, "deals")
    other = door.client(roles="admin", sub="ada", tenant="0199d5a0-0000-7000-8000-00000000000a")
    assert (await other.get("/v1/deals")).status_code == 200


async def test_only_who_declares_roles_turns_modules_off_and_required_ones_are_not_listed(door: Door) -> None:
    assert (await door.client(roles="sales-lead").put("/v1/modules/deals", json={"enabled": False})).status_code == 403
    listed = (await door.admin.get("/v1/modules")).json()["items"]
    assert {each["name"] for each in listed} == set(OPTIONS)
    assert (await door.admin.put("/v1/modules/customers", json={"enabled": False})).status_code == 404
    first = await door.admin.put("/v1/modules/deals", json={"enabled": False})
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert (await door.admin.put("/v1/modules/deals", json={"enabled": True})).status_code == 428


async def test_roles_with_scopes_of_a_module_that_is_off_can_be_assigned(door: Door) -> None:
    await turn(door, *OPTIONS)
    answer = await door.admin.put("/v1/role-assignments/anna", json={"roles": ["sales"]})
    assert answer.status_code == 200, answer.text
    async with transaction(door.app.state.sessions, door.tenant) as session:
        assert await session.get(RoleAssignment, {"tenant_id": door.tenant, "subject": "anna"}) is not None
        row = await session.get(OptionalModule, {"tenant_id": door.tenant, "name": "deals"})
        assert row is not None
        assert not row.enabled


async def test_what_is_off_is_read_once_in_ten_seconds(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    client = door.client(roles="sales")
    assert (await client.get("/v1/deals")).status_code == 200
    engine = door.app.state.sessions.kw["bind"].sync_engine

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert (await client.get("/v1/deals")).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert statements
    assert not [statement for statement in statements if "optional_modules" in statement]
    changed = await door.admin.put("/v1/modules/deals", json={"enabled": False})
    assert changed.status_code == 200
    known = door.app.state.verifier._known
    now = known._clock()
    monkeypatch.setattr(known, "_clock", lambda: now + ROLES_SECONDS)
    assert (await client.get("/v1/deals")).json()["type"] == "/problems/module-off"
