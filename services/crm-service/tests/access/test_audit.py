"""The audit log: what is noted, that it cannot be changed, and that its chain shows what was."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from access import callers
from audit import handlers
from audit.verb import Known, verified
from chassis.audit import AuditEntry
from chassis.db import Sessions, create_engine, engine_as, session_factory, transaction
from crm.__main__ import verbs
from crm.wiring import SERVICE
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from .conftest import Door

pytestmark = pytest.mark.servers
KEY = {"name": "Web shop", "scopes": ["customers:read"]}


@pytest.fixture
async def worker(committed: str) -> AsyncIterator[Sessions]:
    engine = create_engine(committed, SERVICE.name, "worker")
    yield session_factory(engine)
    await engine.dispose()


async def log_of(door: Door, **filters: Any) -> list[dict[str, Any]]:
    answer = await door.client(scopes="audit:read", sub="auditor").get("/v1/audit-log", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def three_entries(door: Door) -> None:
    admin = door.admin
    for name in ("fair-1", "fair-2"):
        body = {"purpose": "Sell at fairs.", "scopes": ["customers:read"]}
        assert (await admin.put(f"/v1/roles/{name}", json=body)).status_code == 200


async def test_changes_of_rights_are_noted_with_what_they_are_about(door: Door) -> None:
    admin = door.admin
    key = (await admin.post("/v1/api-keys", json=KEY)).json()
    await admin.delete(f"/v1/api-keys/{key['id']}")
    await admin.put("/v1/role-assignments/bert", json={"roles": ["sales"]})
    await admin.delete("/v1/role-assignments/bert", headers={"If-Match": "*"})
    found = [(each["action"], each["facts"]) for each in await log_of(door, actor="ada", sort="at")]
    assert found == [
        ("sign_in", {"by": "token", "issuer": "local"}),
        ("create_api_key", {"api_key_id": key["id"], "scopes": ["customers:read"]}),
        ("revoke_api_key", {"api_key_id": key["id"]}),
        ("assign_roles", {"subject": "bert", "roles": ["sales"]}),
        ("unassign_roles", {"subject": "bert"}),
    ]


async def test_what_was_refused_is_not_noted(door: Door) -> None:
    clerk = door.client(scopes="access:write", sub="clerk")
    assert (await clerk.post("/v1/api-keys", json=KEY)).status_code == 403
    assert [each["action"] for each in await log_of(door, actor="clerk")] == ["sign_in"]


async def test_each_token_and_each_key_is_noted_once_in_all_processes(door: Door) -> None:
    key = (await door.admin.post("/v1/api-keys", json=KEY)).json()
    token = door.issuer.token(["customers:read"], "carl", str(door.tenant), [], ["concord-crm"])
    for bearer in (key["key"], token, key["key"], token):
        door.app.state.verifier = callers.authenticator()(door.app)  # Another process remembers nothing.
        door.app.state.verifier._tokens = type(door.app.state.verifier._tokens)(
            door.app.state.settings.auth_issuers, "concord-crm"
        )
        assert (await door.bearer(bearer).get("/v1/customers")).status_code == 200
    actors = [each["actor"] for each in await log_of(door, action="sign_in")]
    assert (actors.count("carl"), actors.count(f"key:{key['id']}")) == (1, 1)


async def test_long_lists_are_noted_also_page_by_page(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = door.client(scopes="customers:read customers:write", sub="sam")
    for name in ("Chai", "Chang", "Tofu"):
        await seller.post("/v1/customers", json={"name": name})
    monkeypatch.setattr(door.app.state.viewers, "_items", 3)
    monkeypatch.setattr(door.app.state.viewers, "_until", 0.0)
    await seller.get("/v1/customers", params={"limit": 2})
    assert await log_of(door, action="see_list") == []
    await seller.get("/v1/customers", params={"limit": 1})
    (noted,) = await log_of(door, action="see_list")
    assert (noted["actor"], noted["facts"]) == ("sam", {"path": "/v1/customers", "items": 3})


async def test_exports_of_personal_data_are_limited_per_day_and_role(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.app.state.settings.exports_per_day, "everyone", 1)
    monkeypatch.setitem(door.app.state.settings.exports_per_day, "sales-lead", 2)
    one, lead = door.client(roles="sales", sub="one"), door.client(roles="sales-lead", sub="lead")
    path = "/v1/customers:export?format=jsonl&country=DE"
    assert [(await one.get(path)).status_code for _ in range(2)] == [200, 429]
    refused = await one.get("/v1/contacts:export")
    assert refused.json()["type"] == "/problems/export-limit-reached"
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    assert [(await lead.get(path)).status_code for _ in range(3)] == [200, 200, 429]
    assert (await one.get("/v1/products:export")).status_code == 200
    noted = [each for each in await log_of(door, actor="one", sort="at") if each["action"].startswith("export")]
    assert [(each["action"], each["facts"]) for each in noted] == [
        ("export_customers", {"personal": True, "format": "jsonl", "filters": ["country"]}),
        ("export_products", {"personal": False, "format": "csv", "filters": []}),
    ]


async def test_nobody_of_the_service_can_change_or_remove_an_entry(
    door: Door, worker: Sessions, committed: str
) -> None:
    await three_entries(door)
    owner = engine_as(committed, {"role": "crm_owner"})
    try:
        for sessions in (door.app.state.sessions, worker, session_factory(owner)):
            for statement in (
                update(AuditEntry).values(actor="x"),
                delete(AuditEntry),
                text("update audit_chain set position = position + 1000"),
                text("delete from audit_chain"),
                text("truncate audit_entries"),
            ):
                if sessions is not door.app.state.sessions:
                    await handlers.chain_all(worker)
                with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                    async with transaction(sessions, door.tenant) as session:
                        await session.execute(statement)
    finally:
        await owner.dispose()


async def test_entries_are_chained_in_batches_and_verified(
    door: Door, worker: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "BATCH", 2)
    await three_entries(door)
    await handlers.chain_all(worker)
    first = await verified(worker, door.tenant)
    assert (first.position, list(first.wrong)) == (3, [])
    await door.admin.delete("/v1/roles/fair-1", headers={"If-Match": "*"})
    await handlers.chain_all(worker)
    then = await verified(worker, door.tenant, [Known(door.tenant, first.position, first.hash)])
    assert then.position >= 4 and not then.wrong
    shown = await log_of(door, action="delete_role")
    assert shown[0]["position"] is not None and len(shown[0]["hash"]) == 64


async def test_verification_finds_what_an_owner_of_the_database_did(
    door: Door, worker: Sessions, committed: str
) -> None:
    await three_entries(door)
    await handlers.chain_all(worker)
    before = await verified(worker, door.tenant)
    owner = engine_as(committed, {"role": "crm_owner"})
    own = {"tenant": door.tenant}
    without = (
        "alter table audit_entries disable trigger append_only",
        "alter table audit_chain disable trigger append_only",
    )
    try:
        for act, reason in (
            ("update audit_entries set actor = 'x' where id = (select entry_id from audit_chain where position = 2 "
             "and tenant_id = :tenant)", "position 2 was changed"),
            ("delete from audit_entries where id = (select entry_id from audit_chain where position = 2 "
             "and tenant_id = :tenant)", "position 2 was removed"),
            ("delete from audit_chain where position = 2 and tenant_id = :tenant", "position 2 was removed"),
            ("delete from audit_chain where position = 3 and tenant_id = :tenant", "ends before position 3"),
            ("update audit_entries set at = at - interval '1 day' where id in (select entry_id from audit_chain "
             "where position = 3 and tenant_id = :tenant)", "position 3 was changed"),
        ):  # fmt: skip
            async with owner.connect() as connection:
                outer = await connection.begin()
                for statement in without:
                    await connection.execute(text(statement))
                await connection.execute(text(act), own)
                await connection.execute(text("select set_config('role', 'crm_worker', true)"))
                inside = async_sessions(connection)
                found = await verified(inside, door.tenant, [Known(door.tenant, before.position, before.hash)])
                assert any(reason in each for each in found.wrong), (act, found.wrong)
                await outer.rollback()
    finally:
        await owner.dispose()


def async_sessions(connection: Any) -> Sessions:
    from sqlalchemy.ext.asyncio import async_sessionmaker

    return async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")


async def test_the_chain_of_a_tenant_does_not_wait_for_another(door: Door, worker: Sessions) -> None:
    await three_entries(door)
    async with transaction(worker, door.tenant) as session:
        await session.execute(handlers.ALONE, {"tenant": str(door.tenant)})
        assert await handlers.chain(worker, door.tenant) == 0
    await handlers.chain_all(worker)
    async with transaction(worker) as session:
        assert await session.scalar(select(func.count()).select_from(text("audit_unchained"))) == 0


def test_the_command_prints_the_end_of_each_chain(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", committed)
    ran = CliRunner().invoke(verbs, ["audit", "verify"])
    assert ran.exit_code == 0, ran.output
    head = ran.output.splitlines()[-1]
    assert CliRunner().invoke(verbs, ["audit", "verify", "--head", head]).exit_code == 0
    other = head[:-1] + ("0" if head[-1] != "0" else "1")
    wrong = CliRunner().invoke(verbs, ["audit", "verify", "--head", other])
    assert wrong.exit_code == 1 and "rewritten" in wrong.output
