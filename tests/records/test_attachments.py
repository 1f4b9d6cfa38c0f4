"""Files of every record that is read one by one, unless it is derived from others."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest
from files.models import RecordFile, StoredBytes, UnusedObject
from sqlalchemy import func, select

from .examples import Json, shown
from .made import Made
from .subjects import having

pytestmark = pytest.mark.servers
PDF = b"%PDF-1.7 an offer"


async def attached(
    made: Made, name: str = "offer.pdf", data: bytes = PDF, media_type: str = "application/pdf", key: str | None = None
) -> httpx.Response:
    form = {"file": (name, data, media_type)}
    return await made.api.post(f"{made.item}/files", files=form, headers={"Idempotency-Key": key} if key else {})


async def listed(made: Made, **parameters: Any) -> list[Json]:
    found: list[Json] = shown(await made.api.get(f"{made.item}/files", params=parameters))["items"]
    return found


@having(annotated=True)
async def test_a_file_is_attached_listed_read_and_removed(made: Made) -> None:
    answer = await attached(made)
    file = shown(answer, 201)
    assert (file["name"], file["media_type"], file["size_bytes"]) == ("offer.pdf", "application/pdf", len(PDF))
    assert (file["sha256"], file["created_by"]) == (sha256(PDF).hexdigest(), "anna")
    assert (file["record_kind"], file["record_id"]) == (made.record.name, made.row["id"])
    path = answer.headers["Location"]
    assert shown(await made.api.get(path)) == file
    assert await listed(made) == [file]
    content = await made.api.get(f"{path}/content")
    assert (content.status_code, content.content) == (200, PDF)
    assert content.headers["Content-Disposition"] == 'attachment; filename="offer.pdf"'
    assert (await made.api.delete(path)).status_code == 204
    assert await listed(made) == []
    for gone in (path, f"{path}/content"):
        shown(await made.api.get(gone), 404)
    shown(await made.api.delete(path), 404)


@having(annotated=True)
async def test_the_timeline_says_who_attached_and_removed_a_file(made: Made) -> None:
    file = shown(await attached(made), 201)
    await made.api.delete(f"/v1/files/{file['id']}")
    entries = shown(await made.api.get(f"{made.item}/timeline"))["items"][:2]
    assert [(each["action"], each["actor"], each["about"]) for each in entries] == [
        ("file_removed", "anna", file["id"]),
        ("file_added", "anna", file["id"]),
    ]
    assert [each["changes"] for each in entries] == [
        [{"field": "file", "old": "offer.pdf", "new": None}],
        [{"field": "file", "old": None, "new": "offer.pdf"}],
    ]


@having(annotated=True)
async def test_files_are_listed_in_pages_and_the_same_content_may_come_twice(made: Made) -> None:
    ids = [shown(await attached(made), 201)["id"] for _ in range(3)]
    page = shown(await made.api.get(f"{made.item}/files", params={"limit": 2}))
    last = shown(await made.api.get(page["next"]))
    assert sorted(each["id"] for each in page["items"] + last["items"]) == sorted(ids)
    await made.api.delete(f"/v1/files/{ids[0]}")
    assert (await made.api.get(f"/v1/files/{ids[1]}/content")).content == PDF


@having(annotated=True)
async def test_the_same_idempotency_key_attaches_one_file(made: Made) -> None:
    first = await attached(made, key="offer")
    second = await attached(made, key="offer")
    assert (shown(first, 201), second.headers["Idempotent-Replayed"]) == (shown(second, 201), "true")
    other = await attached(made, data=b"%PDF-1.7 another", key="offer")
    assert shown(other, 422)["type"] == "/problems/idempotency-key-reused"
    assert len(await listed(made)) == 1


@having(annotated=True)
async def test_nobody_else_reads_or_writes_files(made: Made) -> None:
    file = shown(await attached(made), 201)
    path = f"/v1/files/{file['id']}"
    form = {"file": ("offer.pdf", PDF, "application/pdf")}
    for address in (f"{made.item}/files", path, f"{path}/content"):
        shown(await made.stranger.get(address), 404)
        shown(await made.writer.get(address), 403)
    shown(await made.stranger.delete(path), 404)
    shown(await made.reader.delete(path), 403)
    shown(await made.stranger.post(f"{made.item}/files", files=form), 404)
    shown(await made.reader.post(f"{made.item}/files", files=form), 403)
    shown(await made.api.post(f"{made.path}/{uuid4()}/files", files=form), 404)
    assert await listed(made) == [file]


@having(annotated=True)
async def test_space_is_taken_by_files_and_their_objects_have_one_user(made: Made) -> None:
    file = shown(await attached(made), 201)
    async with made.sessions() as session:
        key = await session.scalar(select(RecordFile.object_key))
        assert await session.scalar(select(StoredBytes.size_bytes)) == len(PDF)
        assert await session.scalar(select(func.count()).select_from(UnusedObject)) == 0
    await made.api.delete(f"/v1/files/{file['id']}")
    async with made.sessions() as session:
        unused = (await session.scalars(select(UnusedObject))).one()
        assert (unused.object_key, unused.size_bytes) == (key, len(PDF))
