"""Files over HTTP: what is refused and when, what a download answers, and what is left when something breaks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth import Principal, authenticated
from chassis.db import Sessions, create_engine, session_factory, transaction
from chassis.testing import Database
from crm.settings import Settings
from crm.wiring import SERVICE
from fastapi import FastAPI
from files.cleaning import remove_unused
from files.models import RecordFile, StoredBytes, UnusedObject
from files.objects import UploadExpired, store, use
from files.settings import FileSettings
from files.storage import ContentLost, Storage, StorageAway, storage
from sqlalchemy import func, select, update

pytestmark = pytest.mark.servers
PDF = b"%PDF-1.7 an offer"
LIMITS: dict[str, Any] = {"file_limit_bytes": 1000, "files_per_record": 2, "files_tenant_bytes": 1500}


@pytest.fixture(scope="module")
def committed(database: Database) -> str:
    return database(SERVICE.name, SERVICE.metadata, SERVICE.versions, "files")


@pytest.fixture
async def sessions(committed: str) -> AsyncIterator[Sessions]:
    """Those of the worker, which commit."""
    engine = create_engine(committed, SERVICE.name, "worker", pool_size=5)
    yield session_factory(engine)
    await engine.dispose()


@pytest.fixture
def tenant() -> UUID:
    """One of this test alone."""
    return uuid4()


@pytest.fixture
def settings(tmp_path: Path) -> FileSettings:
    return Settings(database_url="postgresql://not.used", files_url=tmp_path.as_uri(), **LIMITS)


@pytest.fixture
def kept(settings: FileSettings) -> Storage:
    return storage(settings.files_url)


def caller(principal: Principal) -> Callable[[], Awaitable[Principal]]:
    async def called() -> Principal:
        return principal

    return called


@pytest.fixture(scope="module")
def application() -> FastAPI:
    """One for all tests: its first request prepares all routes, which costs more than most tests."""
    return SERVICE.app(Settings(database_url="postgresql://not.used", files_url="memory:///", **LIMITS))


@pytest.fixture
def app(application: FastAPI, sessions: Sessions, settings: FileSettings) -> FastAPI:
    application.state.sessions, application.state.settings = sessions, settings
    return application


@pytest.fixture
async def api(app: FastAPI, tenant: UUID) -> AsyncIterator[httpx.AsyncClient]:
    scopes = frozenset({"customers:read", "customers:write"})
    app.dependency_overrides[authenticated] = caller(Principal("anna", tenant, scopes, "test"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://crm.test") as client:
        yield client


@pytest.fixture
async def address(api: httpx.AsyncClient) -> str:
    """The address of the files of a customer."""
    made = (await api.post("/v1/customers", json={"name": "Alfreds Futterkiste"})).json()
    return f"/v1/customers/{made['id']}/files"


async def attached(api: httpx.AsyncClient, address: str, data: bytes = PDF, name: str = "offer.pdf") -> httpx.Response:
    return await api.post(address, files={"file": (name, data)})


async def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def count(sessions: Sessions, tenant: UUID, table: Any) -> int:
    async with transaction(sessions, tenant) as session:
        wanted = select(func.count()).select_from(table).where(table.tenant_id == tenant)
        return (await session.execute(wanted)).scalar_one()


async def expire(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await session.execute(update(UnusedObject).values(due_at=func.now() - timedelta(seconds=1)))


async def test_a_download_can_be_continued_and_is_not_repeated(api: httpx.AsyncClient, address: str) -> None:
    file = (await attached(api, address, name="Köln.pdf")).json()
    content = f"/v1/files/{file['id']}/content"
    whole = await api.get(content)
    assert whole.headers["ETag"] == f'"{file["sha256"]}"'
    assert (whole.headers["X-Content-Type-Options"], whole.headers["Content-Type"]) == ("nosniff", "application/pdf")
    assert whole.headers["Content-Disposition"] == "attachment; filename=\"K_ln.pdf\"; filename*=UTF-8''K%C3%B6ln.pdf"
    again = await api.get(content, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = await api.get(content, headers={"Range": "bytes=5-7", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, PDF[5:8], f"bytes 5-7/{len(PDF)}")
    other = await api.get(content, headers={"Range": "bytes=5-7", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, PDF)
    assert await problem(await api.get(content, headers={"Range": "bytes=99-"})) == (416, "range-not-satisfiable")


async def test_a_file_that_is_too_large_is_cut_off_while_it_arrives(
    api: httpx.AsyncClient, address: str, sessions: Sessions, tenant: UUID
) -> None:
    refused = await attached(api, address, b"x" * 1001, "a.txt")
    assert await problem(refused) == (413, "file-too-large")
    assert "1000 bytes" in refused.json()["detail"]
    assert await count(sessions, tenant, RecordFile) == 0
    assert (await attached(api, address, b"x" * 1000, "a.txt")).status_code == 201


async def test_a_body_far_beyond_the_limit_is_refused_before_it_is_read(api: httpx.AsyncClient, address: str) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Length": str(10**9), "Content-Type": "multipart/form-data; boundary=x"}
    assert await problem(await api.post(address, content=never(), headers=headers)) == (413, "too-large")


async def test_what_is_no_form_or_of_a_wrong_type_or_empty_is_refused(api: httpx.AsyncClient, address: str) -> None:
    assert await problem(await api.post(address, json={})) == (415, "not-a-form")
    assert await problem(await attached(api, address, b"<html>")) == (415, "file-type-wrong")
    assert await problem(await attached(api, address, b"MZ\x90", "offer.txt")) == (415, "file-type-refused")
    assert await problem(await attached(api, address, b"")) == (422, "malformed")
    assert await problem(await attached(api, address, name="a/b.pdf")) == (422, "malformed")


async def test_a_record_has_no_more_files_and_a_tenant_no_more_bytes_than_allowed(
    api: httpx.AsyncClient, address: str, sessions: Sessions, tenant: UUID, kept: Storage
) -> None:
    first = (await attached(api, address, b"x" * 800, "a.txt")).json()
    assert await problem(await attached(api, address, b"x" * 800, "b.txt")) == (409, "space-used-up")
    assert (await attached(api, address, b"x" * 700, "c.txt")).status_code == 201
    assert await problem(await attached(api, address, b"x", "d.txt")) == (409, "too-many-files")
    await api.delete(f"/v1/files/{first['id']}")
    assert await problem(await attached(api, address, b"x", "d.txt")) == (409, "space-used-up")
    await expire(sessions)
    await remove_unused(sessions, kept)
    assert (await attached(api, address, b"x", "d.txt")).status_code == 201


async def test_a_caller_who_may_read_other_records_only_is_refused(
    app: FastAPI, tenant: UUID, api: httpx.AsyncClient, address: str
) -> None:
    file = (await attached(api, address)).json()
    bert = Principal("bert", tenant, frozenset({"deals:read"}), "test")
    app.dependency_overrides[authenticated] = caller(bert)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://crm.test") as client:
        answer = await client.get(f"/v1/files/{file['id']}/content")
    assert (answer.status_code, answer.json()["missing"]) == (403, "customers:read")


async def test_the_object_of_a_removed_file_stays_for_a_day(
    api: httpx.AsyncClient, address: str, sessions: Sessions, tenant: UUID, kept: Storage
) -> None:
    file = (await attached(api, address)).json()
    async with transaction(sessions, tenant) as session:
        key = await session.scalar(select(RecordFile.object_key).where(RecordFile.id == UUID(file["id"])))
    assert key is not None
    await api.delete(f"/v1/files/{file['id']}")
    await remove_unused(sessions, kept)
    assert [piece async for piece in await kept.open(key, 0, 99)] == [PDF]
    await expire(sessions)
    await remove_unused(sessions, kept)
    with pytest.raises(ContentLost):
        await kept.open(key, 0, 99)
    assert await count(sessions, tenant, UnusedObject) == 0
    async with transaction(sessions, tenant) as session:
        assert await session.scalar(select(StoredBytes.size_bytes).where(StoredBytes.tenant_id == tenant)) == 0


async def pieces(*of: bytes) -> AsyncIterator[bytes]:
    for each in of:
        yield each


async def test_an_object_whose_process_died_before_the_row_is_removed_later(
    sessions: Sessions, tenant: UUID, kept: Storage
) -> None:
    stored = await store(sessions, kept, "crm", tenant, pieces(PDF), 1000)
    await remove_unused(sessions, kept)
    assert [piece async for piece in await kept.open(stored.key, 0, 99)] == [PDF]
    await expire(sessions)
    await remove_unused(sessions, kept)
    with pytest.raises(ContentLost):
        await kept.open(stored.key, 0, 99)


async def test_an_object_that_is_about_to_be_removed_gets_no_row(
    sessions: Sessions, tenant: UUID, kept: Storage
) -> None:
    stored = await store(sessions, kept, "crm", tenant, pieces(PDF), 1000)
    await expire(sessions)
    with pytest.raises(UploadExpired):
        async with transaction(sessions, tenant) as session:
            await use(session, stored.key)


async def test_an_object_that_cannot_be_removed_does_not_keep_others_from_it(
    sessions: Sessions, tenant: UUID, kept: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = [await store(sessions, kept, "crm", tenant, pieces(PDF), 1000) for _ in range(2)]
    await expire(sessions)
    remove = kept.remove

    async def fails(key: str) -> None:
        if key == stuck.key:
            raise StorageAway()
        await remove(key)

    with monkeypatch.context() as patch:
        patch.setattr(kept, "remove", fails)
        await remove_unused(sessions, kept)
    assert await count(sessions, tenant, UnusedObject) == 1
    with pytest.raises(ContentLost):
        await kept.open(other.key, 0, 99)
    await expire(sessions)
    await remove_unused(sessions, kept)
    assert await count(sessions, tenant, UnusedObject) == 0


async def test_a_lost_object_is_said_to_be_lost(
    api: httpx.AsyncClient, address: str, sessions: Sessions, tenant: UUID, kept: Storage
) -> None:
    file = (await attached(api, address)).json()
    async with transaction(sessions, tenant) as session:
        key = await session.scalar(select(RecordFile.object_key).where(RecordFile.tenant_id == tenant))
    await kept.remove(key or "")
    assert await problem(await api.get(f"/v1/files/{file['id']}/content")) == (410, "content-lost")
