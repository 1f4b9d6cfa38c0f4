"""Imports over HTTP keep to the scopes of single fields."""

import httpx
import pytest
from chassis.db import Sessions
from chassis.testing import caller
from erp.wiring import IMPORTS, SERVICE

pytestmark = pytest.mark.servers
LIMITS = b"id,name,limit,currency\n1,Alfreds,500,EUR\n"
NAMES = {"target": "customers", "key": "id", "columns": "name=name"}
CREDIT = {**NAMES, "columns": "name=name,limit=credit.limit,currency=credit.currency"}


async def test_a_column_that_fills_a_field_with_a_scope_of_its_own_needs_that_scope(sessions: Sessions) -> None:
    async with caller(SERVICE, sessions, "jobs:read jobs:write customers:write") as client:
        refused = await client.post("/v1/imports", params=CREDIT, content=LIMITS)
        assert (refused.status_code, refused.json()["missing"]) == (403, "credit:write")
        assert (await client.get("/v1/imports")).json()["items"] == []
        assert (await client.post("/v1/imports", params=NAMES, content=LIMITS)).status_code == 201


async def test_whoever_runs_an_import_needs_the_scopes_of_its_fields(sessions: Sessions) -> None:
    async with caller(SERVICE, sessions, "jobs:read jobs:write customers:write credit:write") as client:
        shown = (await client.post("/v1/imports", params=CREDIT, content=LIMITS)).json()
        assert shown["fields"] == ["credit", "name"]
    async with caller(SERVICE, sessions, "jobs:write customers:write") as client:
        refused: httpx.Response = await client.post(f"/v1/imports/{shown['id']}/run")
        assert (refused.status_code, refused.json()["missing"]) == (403, "credit:write")


def test_every_target_names_the_scope_that_writes_it() -> None:
    assert [name for name, target in IMPORTS.items() if not target.scope] == []
