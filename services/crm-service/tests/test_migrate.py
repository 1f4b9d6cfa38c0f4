"""The verb `migrate` as an operator runs it, and what readiness says of the schema."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest
from chassis.db import create_engine, session_factory
from chassis.testing import caller
from crm.wiring import SERVICE
from stack.provision import provision

pytestmark = pytest.mark.servers
LAST = "9" * 12


async def migrate(url: str) -> tuple[int | None, str]:
    """Exit code and what was printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "crm", "migrate",
        env={**os.environ, "DATABASE_URL": url},
        cwd=Path(__file__).parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, printed.decode()


def empty(postgres: str, name: str) -> str:
    return provision(postgres, "crm", database=name)


async def test_two_at_once_are_as_good_as_one(postgres: str) -> None:
    url = await asyncio.to_thread(empty, postgres, "crm_twice")
    outcomes = await asyncio.gather(migrate(url), migrate(url))
    assert [code for code, _ in outcomes] == [0, 0], outcomes
    assert all("newest version" in printed for _, printed in outcomes)


async def test_a_database_that_does_not_answer_is_told_without_a_trace() -> None:
    code, printed = await migrate("postgresql://nobody:secret@127.0.0.1:1/crm")
    assert code == 1
    assert "cannot be reached" in printed and "DATABASE_URL" in printed
    assert "Traceback" not in printed and "secret" not in printed


async def test_readiness_and_migrate_tell_an_older_a_newer_and_a_broken_schema_apart(postgres: str) -> None:
    url = await asyncio.to_thread(empty, postgres, "crm_versions")
    assert (await migrate(url))[0] == 0
    engine = create_engine(url, "crm", "app")
    client = caller(SERVICE, session_factory(engine), "")

    async def ready() -> httpx.Response:
        return await client.get("/readyz/schema")

    admin = await asyncpg.connect(postgres.replace("/postgres?", "/crm_versions?", 1))
    newest = await admin.fetchval("select version_num from alembic_version")
    assert (await ready()).status_code == 200

    await admin.execute("update alembic_version set version_num = 'catalogue'")
    behind = await ready()
    assert (behind.status_code, behind.json()["failing"]) == (503, "schema")
    assert "migrate" in behind.json()["hint"]
    code, printed = await migrate(url)  # The tables of the versions after it are there already.
    assert code == 1
    assert "already exists" in printed and "run `migrate` again" in printed
    assert "Traceback" not in printed

    await admin.execute("update alembic_version set version_num = $1", LAST)
    assert (await ready()).status_code == 200, "the running version serves on while the next one migrates"
    code, printed = await migrate(url)
    assert (code, "Start the newer code" in printed, "Traceback" in printed) == (1, True, False)

    await admin.execute("delete from alembic_version")
    assert (await ready()).json()["failing"] == "schema"
    await admin.execute("insert into alembic_version values ($1)", newest)
    assert (await ready()).status_code == 200
    await admin.close()
    await client.aclose()
    await engine.dispose()
