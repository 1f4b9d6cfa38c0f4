"""A tenant is created, suspended, resumed, exported and deleted, and another one is not touched."""

import asyncio
import json
import tarfile
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from access import callers
from chassis.db import transaction
from crm.__main__ import verbs
from sqlalchemy import text
from tenants.tables import rows_of, tables
from typer.testing import CliRunner

from .conftest import Door

pytestmark = pytest.mark.servers
OTHER = UUID("0199d5a0-0000-7000-8000-00000000beef")


class Operator:
    """Runs the verb in the database of the tests."""

    def __init__(self, url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.archive, self.files_url = folder / "tenant.tar.gz", (folder / "files").as_uri()
        patch.setenv("DATABASE_URL", url)
        patch.setenv("FILES_URL", self.files_url)

    async def run(self, *words: object) -> str:
        ran = await asyncio.to_thread(CliRunner().invoke, verbs, ["tenant", *map(str, words)])
        return f"{ran.exit_code}: {ran.output}{ran.exception or ''}"


@pytest.fixture
def operator(committed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(committed, tmp_path, monkeypatch)


def fresh(door: Door) -> None:
    """Another process, which remembers no roles."""
    door.app.state.verifier = callers.authenticator()(door.app)


async def enter(client: httpx.AsyncClient, name: str) -> str:
    answer = await client.post("/v1/customers", json={"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_whoever_is_named_administers_a_new_tenant(door: Door, operator: Operator) -> None:
    nancy = door.client(sub="nancy")
    assert (await nancy.get("/v1/roles")).status_code == 403
    done = await operator.run("create", door.tenant, "--name", "Teehaus", "--admin", "nancy")
    assert done.startswith("0: "), done
    assert (await operator.run("create", door.tenant, "--admin", "nancy")).startswith("0: ")
    fresh(door)
    assert (await nancy.get("/v1/roles")).status_code == 200


async def test_a_suspended_tenant_is_refused_with_the_reason_until_it_is_resumed(
    door: Door, operator: Operator
) -> None:
    other, gateway = door.client(roles="admin", tenant=OTHER), door.client(scopes="replication:write", sub="gateway")
    customer = await enter(door.admin, "Alfreds")
    await operator.run("suspend", door.tenant, "--reason", "The invoice is not paid.")
    fresh(door)
    refused = (await door.admin.get("/v1/customers")).json()
    assert refused["type"] == "/problems/tenant-suspended" and "The invoice is not paid." in refused["detail"]
    assert (await other.get("/v1/customers")).status_code == 200
    assert (await gateway.get("/replication/v1/status")).status_code == 200
    await operator.run("resume", door.tenant)
    assert (await door.admin.get(f"/v1/customers/{customer}")).status_code == 200


async def test_a_tenant_is_exported_as_a_whole_and_deleted_only_then(door: Door, operator: Operator) -> None:
    door.app.state.settings = door.app.state.settings.model_copy(update={"files_url": operator.files_url})
    other = door.client(roles="admin", tenant=OTHER, sub="ada")
    await enter(other, "Somebody else's")
    customer = await enter(door.admin, "Alfreds")
    attached = await door.admin.post(
        f"/v1/customers/{customer}/files", files={"file": ("a.txt", b"Hello", "text/plain")}
    )
    assert attached.status_code == 201, attached.text
    assert "1: " in (early := await operator.run("delete", door.tenant)) and "is not suspended" in early
    await operator.run("suspend", door.tenant, "--reason", "It left.")
    assert "was not exported" in await operator.run("delete", door.tenant)
    done = await operator.run("export", door.tenant, operator.archive)
    assert done.startswith("0: "), done
    with tarfile.open(operator.archive) as archive:
        manifest = json.loads(member(archive, "crm/manifest.json"))
        rows = [json.loads(line) for line in member(archive, "crm/customers.jsonl").splitlines()]
        contents = [member(archive, name) for name in archive.getnames() if name.startswith("crm/files/")]
    assert [(row["id"], row["name"], row["tenant_id"]) for row in rows] == [(customer, "Alfreds", str(door.tenant))]
    assert (manifest["tenant"], manifest["rows"]["customers"], contents) == (str(door.tenant), 1, [b"Hello"])
    assert operator.archive.stat().st_mode & 0o077 == 0
    before = await counted(door, OTHER)
    gone = await operator.run("delete", door.tenant)
    assert gone.startswith("0: ") and "0 rows remain" in gone and "customers: 1 rows deleted" in gone, gone
    assert await counted(door, door.tenant) == {"tenants": 1}
    fresh(door)
    refused = (await door.admin.get("/v1/customers")).json()
    assert refused["type"] == "/problems/tenant-suspended" and "It was deleted." in refused["detail"]
    assert await counted(door, OTHER) == before != {}
    assert not list((operator.archive.parent / "files").rglob(f"*{door.tenant}*/*"))


def member(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()


async def counted(door: Door, tenant: UUID) -> dict[str, int]:
    async with transaction(door.app.state.sessions, tenant) as session:
        return await rows_of(session, tenant)


async def test_every_table_with_a_tenant_is_looked_at(door: Door) -> None:
    async with transaction(door.app.state.sessions, door.tenant) as session:
        every = set(await session.scalars(text("select tablename from pg_tables where schemaname = 'public'")))
        assert every - set(await tables(session)) == {"alembic_version", "topic_logs", "worker_tasks"}
