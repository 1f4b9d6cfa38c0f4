"""Whose records a caller sees: a walk over all routes that read, with the roles own, team and all."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from access import queries
from access.models import Role
from chassis.auth import Principal
from chassis.db import Sessions, transaction
from chassis.relay import MOVE
from chassis.testing import TENANT, act_for, brought, caller, item
from crm.people.employees.models import Employee
from crm.people.teams.models import Team
from crm.wiring import SERVICE
from party.colleagues import colleagues_of
from sqlalchemy import text

AS_WORKER = text("select set_config('role', 'crm_worker', true), set_config('app.tenant', '', true)")
AS_APP = text("select set_config('role', 'crm_app', true)")
ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.servers
PEOPLE = ("anna", "berta", "carl")
"""Anna and Berta are a team; Carl is in none."""
OWNED = ("customer", "deal", "lead")
ENDLESS = {"/v1/events:stream", "/v1/records:stream"}
"""Streams that end after minutes; they send what the feed answers."""


async def posted(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def owned(api: httpx.AsyncClient) -> dict[str, dict[str, str]]:
    """By employee, the ids of its records, whose texts contain its name and `secret`."""
    ids: dict[str, str] = {}
    for name in PEOPLE:
        ids[name] = await brought(api, "employee", item(uuid4(), name=name.title(), subject=name))
    members: dict[str, Any] = {f"member__{uuid4()}": {"employee": ids[name]} for name in ("anna", "berta")}
    await brought(api, "team", item(uuid4(), name="Sales", **members))
    return {name: await _records_of(api, name, ids[name]) for name in PEOPLE}


async def _records_of(api: httpx.AsyncClient, name: str, employee_id: str) -> dict[str, str]:
    word = {"owner_id": employee_id, "source": f"secret-{name}"}
    customer = await posted(api, "/v1/customers", {"name": f"Secret {name}", "notes": f"secret-{name}", **word})
    deal = {"name": f"Secret {name}", "customer_id": customer, "amount": "10", "currency": "EUR", **word}
    return {
        "employee": employee_id,
        "customer": customer,
        "deal": await posted(api, "/v1/deals", deal),
        "lead": await posted(api, "/v1/leads", {"name": f"Secret {name}", **word}),
    }


@asynccontextmanager
async def seen_by(sessions: Sessions, scopes: str, visibility: str) -> AsyncIterator[httpx.AsyncClient]:
    """Anna, with a role of this visibility."""
    async with sessions() as session:
        await act_for(session)
        shape = {"purpose": "", "scopes": [], "visibility": visibility, "changed_by": "admin"}
        await session.merge(Role(tenant_id=TENANT, name="seller", version=1, **shape))
        await session.flush()
        anna = Principal("anna", TENANT, frozenset(), "test", frozenset({"seller"}))
        found = await queries.with_roles(session, anna, colleagues_of(Employee, Team))
        await session.commit()
    async with caller(SERVICE, sessions, scopes, owners=found.owners) as client:
        yield client
    async with sessions() as session:  # The tests' sessions share one transaction, in which the setting stays.
        await session.execute(text("set local app.owners = ''"))
        await session.commit()


def paths() -> Iterator[str]:
    """Every path that can be read."""
    document = json.loads((ROOT / "contracts/openapi/crm.json").read_text())
    yield from (path for path, operations in document["paths"].items() if "get" in operations and path not in ENDLESS)


@pytest.mark.parametrize(
    ("visibility", "seen"),
    [("own", {"anna"}), ("team", {"anna", "berta"}), ("all", set(PEOPLE))],
)
async def test_no_route_shows_records_of_others(
    sessions: Sessions, scopes: str, owned: dict[str, dict[str, str]], visibility: str, seen: set[str]
) -> None:
    shown: dict[str, set[str]] = {}
    async with seen_by(sessions, scopes, visibility) as client:
        for path in paths():
            for name in PEOPLE:
                answer = await _asked(client, path, owned[name])
                found = {each for each in PEOPLE if _tells(answer, each, owned[each])}
                shown.setdefault(path, set()).update(found)
                assert found <= seen, f"GET {path} shows {found - seen}: {answer.text[:500]}"
        for name in PEOPLE:
            for record in OWNED:
                status = (await client.get(f"/v1/{record}s/{owned[name][record]}")).status_code
                assert (status == 200) == (name in seen), (record, name, status)
    for path in ("/v1/customers", "/v1/deals", "/v1/leads", "/v1/customers:export", "/v1/deals:board", "/v1/search"):
        assert shown[path] == seen, path


async def _asked(client: httpx.AsyncClient, path: str, ids: dict[str, str]) -> httpx.Response:
    """The answer of a route, asked about records of one employee as well as the route can be."""
    kinds = {"customer": "customer", "deal": "deal", "lead": "lead", "employee": "employee"}
    about = next((ids[kind] for kind in kinds if f"/v1/{kind}s/" in path), str(uuid4()))
    address = "/".join(about if part.startswith("{") else part for part in path.split("/"))
    if "{" in address:
        address = address.split("{")[0]
    return await client.get(address, params=_parameters(path, ids))


def _parameters(path: str, _ids: dict[str, str]) -> dict[str, str]:
    return {"q": "secret"} if path == "/v1/search" else {}


def _tells(answer: httpx.Response, name: str, ids: dict[str, str]) -> bool:
    """Whether an answer has a text or an id of the employee's records; a problem names the id that was asked for."""
    known = [ids[record] for record in OWNED if ids[record] not in str(answer.url)]
    return f"secret {name}" in answer.text.casefold() or any(each in answer.text for each in known)


async def test_the_feed_shows_events_of_records_that_are_seen_now(
    api: httpx.AsyncClient, sessions: Sessions, scopes: str, owned: dict[str, dict[str, str]]
) -> None:
    async with transaction(sessions) as session:
        await session.execute(AS_WORKER)
        ids = (await session.scalars(text("select id from outbox order by id"))).all()
        await MOVE.fetch(session, {"ids": list(ids)})
        await session.execute(AS_APP)
    whole = (await api.get("/v1/events")).json()
    async with seen_by(sessions, scopes, "own") as client:
        page = (await client.get("/v1/events")).json()
    subjects = {each["subject"] for each in page["items"] if each["type"].split(".")[1] in OWNED}
    assert subjects == {owned["anna"][record] for record in OWNED}
    assert page["next"] == whole["next"]


async def test_a_record_that_is_given_away_is_out_of_sight(
    sessions: Sessions, scopes: str, owned: dict[str, dict[str, str]]
) -> None:
    path = f"/v1/customers/{owned['anna']['customer']}"
    async with seen_by(sessions, scopes, "own") as client:
        given = await client.patch(path, json={"owner_id": owned["carl"]["employee"]}, headers={"If-Match": "*"})
        assert (given.status_code, given.json()["owner_id"]) == (200, owned["carl"]["employee"])
        assert (await client.get(path)).status_code == 404
        others = f"/v1/customers/{owned['berta']['customer']}"
        refused = await client.patch(others, json={"notes": "Mine."}, headers={"If-Match": "*"})
        assert refused.status_code == 404
        assert await posted(client, "/v1/leads", {"name": "Nobody's", "owner_id": None})
        assert len((await client.get("/v1/leads")).json()["items"]) == 1


async def test_who_sees_some_records_grants_no_rights(
    sessions: Sessions, scopes: str, owned: dict[str, dict[str, str]]
) -> None:
    async with seen_by(sessions, f"{scopes} access:read access:write", "team") as client:
        declared = await client.put("/v1/roles/seller", json={"scopes": [], "visibility": "all"})
        assert declared.status_code == 403
        assert (await client.get("/v1/roles/seller")).json()["visibility"] == "team"
        key = await client.post("/v1/api-keys", json={"name": "Sync", "scopes": ["customers:read"]})
        assert key.status_code == 403
