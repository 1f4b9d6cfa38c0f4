import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from chassis import clock
from chassis.auth import Principal, public, requires
from chassis.db import Base, Session, create_engine, session_factory, transaction, uuid7
from chassis.errors import Conflict, PreconditionRequired
from chassis.migrations import migrate
from chassis.pages import Page, Paging, Sorting
from chassis.preconditions import IdempotencyKey, IdempotentRoute, Seen, SeenVersion, StaleVersion, etag
from chassis.retention import IDEMPOTENCY_KEYS
from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import Integer, Text, select, text, update
from sqlalchemy.orm import Mapped, mapped_column
from stack.postgres import Postgres
from stack.provision import provision

TENANT = UUID("00000000-0000-7000-8000-000000000001")
OTHER_TENANT = UUID("00000000-0000-7000-8000-000000000002")


@pytest.mark.parametrize("header", ['"7"', '"6", "7"', "*"])
def test_who_has_seen_the_version_may_change_it(header: str) -> None:
    Seen(header, b"").check(7, current={})


@pytest.mark.parametrize(("header", "base"), [('"6"', 6), ('"5", "6"', [5, 6]), ('W/"7"', 'W/"7"'), ('"abc"', '"abc"')])
def test_who_has_seen_another_version_is_shown_all_three_sides(header: str, base: Any) -> None:
    with pytest.raises(StaleVersion) as stale:
        Seen(header, b'{"name": "mine"}').check(7, current={"name": "theirs"})
    document = stale.value.document()
    assert document["status"] == 412
    assert (document["current"], document["base"], document["yours"]) == ({"name": "theirs"}, base, {"name": "mine"})
    assert stale.value.headers["ETag"] == '"7"'


def test_a_version_has_a_strong_tag() -> None:
    assert etag(7) == '"7"'


def match_routes() -> APIRouter:
    router = APIRouter(prefix="/v1/things", dependencies=[public])

    @router.patch("/1")
    async def change(patch: dict[str, str], seen: SeenVersion) -> dict[str, str]:
        seen.check(7, current={"name": "theirs"})
        return patch

    @router.delete("/1")
    async def archive(seen: SeenVersion) -> None:
        seen.check(7, current={"name": "theirs"})

    return router


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 428), ('"7"', 200), ('"6"', 412), ("7", 422), ('"7', 422), ("", 422), ('"6" "7"', 422), (" * ", 200)],
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_if_match_is_required_and_read_strictly(
    make_app: Any, calls: Any, method: str, header: str | None, status: int
) -> None:
    headers = {} if header is None else {"If-Match": header}
    body = {"name": "mine"} if method == "PATCH" else None
    async with calls(make_app([match_routes()])) as client:
        answer = await client.request(method, "/v1/things/1", json=body, headers=headers)
    assert answer.status_code == status
    if status == PreconditionRequired.status:
        assert "If-Match" in answer.json()["hint"]
    if status == StaleVersion.status:
        assert answer.json().get("yours") == body


class Thing(Base):
    __tablename__ = "things"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(Integer)


class NewThing(BaseModel):
    name: str
    size: int | None = None


SORTING = Sorting({"name": Thing.name, "size": Thing.size}, Thing.id, "name")
entered, hold = asyncio.Event(), asyncio.Event()


def database_routes() -> APIRouter:
    router = APIRouter(prefix="/v1/things", tags=["things"], route_class=IdempotentRoute)

    @router.post("", status_code=201, dependencies=[requires("things:write")])
    async def create(new: NewThing, session: Session, response: Response) -> dict[str, str]:
        thing = Thing(id=uuid7(), **new.model_dump())
        session.add(thing)
        if new.name == "refused":
            raise Conflict()
        if new.name == "slow":
            entered.set()
            await asyncio.wait_for(hold.wait(), timeout=10)
        if new.name == "broken":
            thing.name = None  # type: ignore[assignment]  # fails as it is committed
        response.headers["ETag"] = etag(1)
        return {"id": str(thing.id)}

    @router.post("/named", status_code=201)
    async def create_as(
        new: NewThing, session: Session, caller: Annotated[Principal, requires("things:write")]
    ) -> dict[str, str]:
        session.add(Thing(id=uuid7(), **new.model_dump()))
        return {"created_by": caller.subject}

    @router.get("", dependencies=[requires("things:read")])
    async def listing(session: Session, paging: Paging) -> Page[str]:
        return await paging.page(session, select(Thing.name), SORTING, lambda row: str(row.name))

    return router


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Postgres(tmp_path_factory.mktemp("postgres"), fast=True) as server:
        url = provision(server.url, "sample")
        asyncio.run(_create_tables(url))
        migrate(url, "sample", Base.metadata, tmp_path_factory.mktemp("versions"))
        yield url


async def _create_tables(url: str) -> None:
    engine = create_engine(url, "sample", "owner")
    tables = [Base.metadata.tables[name] for name in ("idempotency_keys", "things")]
    async with engine.begin() as connection:
        await connection.run_sync(lambda each: Base.metadata.create_all(each, tables=tables))
    await engine.dispose()


@asynccontextmanager
async def running(app: FastAPI, url: str) -> AsyncIterator[httpx.AsyncClient]:
    engine = create_engine(url, "sample", "app")
    app.state.sessions = session_factory(engine)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things.test") as client:
            yield client
    finally:
        await engine.dispose()


@pytest.fixture
async def client(make_app: Any, address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running(make_app([database_routes()]), address) as made:
        yield made
    engine = create_engine(address, "sample", "owner")
    async with engine.begin() as connection:
        await connection.execute(text("truncate things, idempotency_keys"))
    await engine.dispose()


async def names(client: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    found: list[str] = (await client.get("/v1/things", headers=headers)).json()["items"]
    return found


@pytest.mark.servers
async def test_the_same_key_and_body_acts_once_and_answers_the_same(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = {**issuer.headers(), "Idempotency-Key": "k-1"}
    first = await client.post("/v1/things", json={"name": "a"}, headers=headers)
    again = await client.post("/v1/things", json={"name": "a"}, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["etag"] == first.headers["etag"] == '"1"'
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["x-correlation-id"] != first.headers["x-correlation-id"]
    assert await names(client, headers) == ["a"]


@pytest.mark.servers
async def test_without_a_key_every_post_acts(client: httpx.AsyncClient, issuer: Any) -> None:
    for _ in range(2):
        await client.post("/v1/things", json={"name": "a"}, headers=issuer.headers())
    assert await names(client, issuer.headers()) == ["a", "a"]


@pytest.mark.servers
async def test_another_body_under_a_known_key_is_refused(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = {**issuer.headers(), "Idempotency-Key": "k-1"}
    await client.post("/v1/things", json={"name": "a"}, headers=headers)
    other = await client.post("/v1/things", json={"name": "b"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert await names(client, headers) == ["a"]


@pytest.mark.servers
async def test_a_key_belongs_to_its_tenant_and_subject(client: httpx.AsyncClient, issuer: Any) -> None:
    for claims in ({}, {"sub": "ben"}, {"tenant": str(OTHER_TENANT)}):
        headers = {**issuer.headers(**claims), "Idempotency-Key": "k-1"}
        answer = await client.post("/v1/things", json={"name": claims.get("sub", "anna")}, headers=headers)
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers
    assert await names(client, issuer.headers()) == ["anna", "ben"]
    assert await names(client, issuer.headers(tenant=str(OTHER_TENANT))) == ["anna"]


@pytest.mark.servers
@pytest.mark.parametrize("path", ["/v1/things", "/v1/things/named"])
async def test_an_answer_is_not_repeated_for_a_token_without_the_scope(
    client: httpx.AsyncClient, issuer: Any, path: str
) -> None:
    for scope, status in (("things:write", 201), ("things:read", 403)):
        headers = {**issuer.headers(scope=scope), "Idempotency-Key": "k-1"}
        answer = await client.post(path, json={"name": "a"}, headers=headers)
        assert answer.status_code == status
        assert "idempotent-replayed" not in answer.headers


async def test_a_missing_scope_is_refused_without_a_database(make_app: Any, calls: Any, issuer: Any) -> None:
    async with calls(make_app([database_routes()])) as client:
        answer = await client.post("/v1/things/named", json={"name": "a"}, headers=issuer.headers(scope="things:read"))
    assert (answer.status_code, answer.json()["missing"]) == (403, "things:write")


@pytest.mark.servers
async def test_while_the_first_request_runs_the_second_is_told_to_wait(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = {**issuer.headers(), "Idempotency-Key": "k-1"}
    entered.clear()
    hold.clear()
    first = asyncio.create_task(client.post("/v1/things", json={"name": "slow"}, headers=headers))
    await asyncio.wait_for(entered.wait(), timeout=10)
    second = await client.post("/v1/things", json={"name": "slow"}, headers=headers)
    hold.set()
    assert second.json()["type"] == "/problems/idempotency-key-in-use"
    assert (await first).status_code == 201
    again = await client.post("/v1/things", json={"name": "slow"}, headers=headers)
    assert again.headers["idempotent-replayed"] == "true"
    assert await names(client, headers) == ["slow"]


@pytest.mark.servers
async def test_of_many_at_once_exactly_one_acts(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = {**issuer.headers(), "Idempotency-Key": "k-1"}
    answers = await asyncio.gather(*(client.post("/v1/things", json={"name": "a"}, headers=headers) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum("idempotent-replayed" not in a.headers for a in answers if a.status_code == 201) == 1
    assert await names(client, headers) == ["a"]


@pytest.mark.servers
@pytest.mark.parametrize(("name", "status"), [("refused", 409), ("broken", 409)])
async def test_an_error_leaves_the_key_free(
    client: httpx.AsyncClient, issuer: Any, address: str, name: str, status: int
) -> None:
    headers = {**issuer.headers(), "Idempotency-Key": "k-1"}
    refused = await client.post("/v1/things", json={"name": name}, headers=headers)
    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    accepted = await client.post("/v1/things", json={"name": "a"}, headers=headers)
    assert accepted.status_code == 201
    assert await names(client, headers) == ["a"]


@pytest.mark.servers
async def test_keys_are_forgotten_when_they_are_older_than_the_retention(
    client: httpx.AsyncClient, issuer: Any, address: str
) -> None:
    for key in ("old", "new"):
        headers = {**issuer.headers(), "Idempotency-Key": key}
        await client.post("/v1/things", json={"name": key}, headers=headers)
    engine = create_engine(address, "sample", "worker")
    sessions = session_factory(engine)
    async with transaction(sessions) as session:
        oldest = select(IdempotencyKey.digest).order_by(IdempotencyKey.created_at).limit(1)
        aged = update(IdempotencyKey).where(IdempotencyKey.digest.in_(oldest.scalar_subquery()))
        await session.execute(aged.values(created_at=text("now() - interval '31 days'")))
    assert await IDEMPOTENCY_KEYS.remove(sessions, clock.now() - timedelta(days=30), asyncio.Event()) == 1
    async with transaction(sessions) as session:
        left = (await session.scalars(select(IdempotencyKey.digest))).all()
    await engine.dispose()
    assert len(left) == 1
    answer = await client.post("/v1/things", json={"name": "new"}, headers=headers)
    assert answer.headers["idempotent-replayed"] == "true"


@pytest.mark.servers
async def test_nothing_of_another_tenant_is_seen_or_written(client: httpx.AsyncClient, issuer: Any) -> None:
    await client.post("/v1/things", json={"name": "a"}, headers=issuer.headers())
    assert await names(client, issuer.headers(tenant=str(OTHER_TENANT))) == []


@pytest.mark.servers
@pytest.mark.parametrize("body", [{"name": "a\u0000b"}, {"name": "a", "size": 10**30}], ids=["NUL", "out of range"])
async def test_a_value_that_postgresql_cannot_hold_is_malformed(
    client: httpx.AsyncClient, issuer: Any, body: dict[str, Any]
) -> None:
    answer = await client.post("/v1/things", json=body, headers=issuer.headers())
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


SIZES = [3, None, 1, None, 2, 2, None, 1, 3, 2, 5]


async def _pages(client: httpx.AsyncClient, headers: dict[str, str], sort: str, limit: int) -> list[list[str]]:
    pages, url = [], f"/v1/things?limit={limit}&sort={sort}"
    while url:
        answer = await client.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        pages.append(body["items"])
        assert answer.headers.get("link") == (f'<{body["next"]}>; rel="next"' if body["next"] else None)
        url = body["next"]
    return pages


@pytest.mark.servers
async def test_pages_show_every_row_once_in_order_with_null_last(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = issuer.headers()
    for number, size in enumerate(SIZES):
        await client.post("/v1/things", json={"name": f"n{number:02}", "size": size}, headers=headers)
    rows = [(f"n{number:02}", size) for number, size in enumerate(SIZES)]
    up = [name for name, size in sorted(rows, key=lambda row: (row[1] is None, row[1] or 0, row[0]))]
    down = [name for name, size in sorted(rows, key=lambda row: (row[1] is None, -(row[1] or 0), row[0]))]
    for limit in (1, 2, 3, 11, 50):
        for sort, expected in (
            ("size,name", up),
            ("-size,name", down),
            ("name", sorted(up)),
            ("-name", sorted(up)[::-1]),
        ):
            pages = await _pages(client, headers, sort, limit)
            assert [name for page in pages for name in page] == expected, (sort, limit)
            assert all(len(page) == limit for page in pages[:-1])
        for sort in ("size", "-size"):
            found = [name for page in await _pages(client, headers, sort, limit) for name in page]
            assert sorted(found) == sorted(up)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("query", "field_or_code"),
    [
        ("sort=colour", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=xx", "cursor-invalid"),
        ("cursor=bnVsbA", "cursor-invalid"),
        ("colour=red", "colour"),
    ],
)
async def test_a_wrong_parameter_of_a_page_is_named(
    client: httpx.AsyncClient, issuer: Any, query: str, field_or_code: str
) -> None:
    answer = await client.get(f"/v1/things?{query}", headers=issuer.headers())
    assert answer.status_code == 422
    assert field_or_code in answer.text


@pytest.mark.servers
async def test_a_cursor_belongs_to_its_order(client: httpx.AsyncClient, issuer: Any) -> None:
    headers = issuer.headers()
    for name in "ab":
        await client.post("/v1/things", json={"name": name}, headers=headers)
    following = (await client.get("/v1/things?limit=1", headers=headers)).json()["next"]
    answer = await client.get(f"{following}&sort=-name", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/cursor-invalid")
    assert (await client.get(f"{following}&sort=name", headers=headers)).json()["items"] == ["b"]
