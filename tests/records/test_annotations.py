"""Tags, notes and the timeline of every record that is read one by one, unless it is derived from others."""

from typing import Any
from uuid import uuid4

import pytest
from annotations.routes import notes_word
from records.tags import has_own

from .examples import Json, shown
from .made import Made
from .subjects import SUBJECTS, having

pytestmark = pytest.mark.servers
ANY = {"If-Match": "*"}


def notes(made: Made) -> str:
    return f"{made.item}/{notes_word(made.record)}"


async def timeline(made: Made, **parameters: str) -> list[Json]:
    found: list[Json] = shown(await made.api.get(f"{made.item}/timeline", params=parameters))["items"]
    return found


def test_only_derived_private_and_set_up_records_are_not_annotated() -> None:
    left_out = {each.record.name for each in SUBJECTS if "read" in each.verbs and not each.record.annotated}
    assert left_out == {"balance", "calendar_event", "form_submission", "task_reminder", "webhook", "webhook_message"}


@having(annotated=True)
async def test_a_note_is_written_changed_and_archived(made: Made) -> None:
    answer = await made.api.post(notes(made), json={"text": " Asked for a call. "})
    note = shown(answer, 201)
    assert (note["text"], note["author"], answer.headers["ETag"]) == ("Asked for a call.", "anna", '"1"')
    path = answer.headers["Location"]
    shown(await made.api.patch(path, json={"text": "Called."}), 428)
    changed = shown(await made.api.patch(path, json={"text": "Called."}, headers={"If-Match": '"1"'}))
    assert (changed["text"], changed["version"]) == ("Called.", 2)
    stale = shown(await made.api.patch(path, json={"text": "No."}, headers={"If-Match": '"1"'}), 412)
    assert stale["current"] == changed
    assert shown(await made.api.get(notes(made)))["items"] == [changed]
    shown(await made.api.delete(path, headers=ANY))
    assert shown(await made.api.get(notes(made)))["items"] == []
    archived = shown(await made.api.get(notes(made), params={"archived": "true"}))["items"]
    assert [each["id"] for each in archived] == [note["id"]]
    assert shown(await made.api.patch(path, json={"text": "?"}, headers=ANY), 409)["type"] == "/problems/archived"
    entries = await timeline(made)
    assert [each["action"] for each in entries][:3] == ["note_archived", "note_changed", "note_added"]
    assert {each["about"] for each in entries[:3]} == {note["id"]}
    assert entries[1]["changes"] == [{"field": "text", "old": "Asked for a call.", "new": "Called."}]


@having(annotated=True)
async def test_an_empty_note_and_one_that_is_too_long_are_refused(made: Made) -> None:
    for text in ("", " ", "x" * 10_001):
        shown(await made.api.post(notes(made), json={"text": text}), 422)


@having(annotated=True)
async def test_the_same_idempotency_key_writes_one_note(made: Made) -> None:
    key = {"Idempotency-Key": "note"}
    first, second = [await made.api.post(notes(made), json={"text": "Once."}, headers=key) for _ in range(2)]
    assert shown(first) == shown(second)
    assert len(shown(await made.api.get(notes(made)))["items"]) == 1


@having(annotated=True)
async def test_tags_are_added_replaced_and_found(made: Made) -> None:
    path = f"{made.item}/tags"
    present = shown(await made.api.get(path))["tags"]
    added = await made.api.post(path, json={"tags": [" late ", "key", "late"]})
    assert shown(added)["tags"] == sorted({*present, "key", "late"})
    assert await made.listed(tag="late") == [made.row["id"]]
    assert await made.listed(tag="nobody has it") == []
    shown(await made.api.put(path, json={"tags": []}), 428)
    stale = shown(await made.api.put(path, json={"tags": []}, headers={"If-Match": '"1"'}), 412)
    assert stale["current"] == shown(added)
    read = await made.api.get(path)
    replaced = await made.api.put(path, json={"tags": ["paid"]}, headers={"If-Match": read.headers["ETag"]})
    assert shown(replaced)["tags"] == ["paid"]
    assert await made.listed(tag="late") == []
    if has_own(made.record):
        assert shown(await made.api.get(made.item))["tags"] == ["paid"]
    else:
        assert await made.listed(tag="late,paid") == [made.row["id"]]
        tagged = (await timeline(made, action="tagged"))[0]
        assert tagged["changes"] == [{"field": "tags", "old": ["key", "late"], "new": ["paid"]}]


@having(annotated=True)
async def test_more_than_a_hundred_tags_are_refused(made: Made) -> None:
    path, tags = f"{made.item}/tags", [f"tag {number}" for number in range(100)]
    shown(await made.api.put(path, json={"tags": tags}, headers=ANY))
    refused = shown(await made.api.post(path, json={"tags": ["one more"]}), 409)
    assert (refused["type"], refused["count"]) == ("/problems/too-many-tags", 101)


@having(annotated=True)
async def test_a_timeline_begins_with_the_creation_and_is_paged(made: Made) -> None:
    for number in range(3):
        shown(await made.api.post(notes(made), json={"text": f"Note {number}"}))
    every = await timeline(made)
    assert every[-1]["action"] == "created" or "created_at" not in made.row
    assert [each["at"] for each in every] == sorted((each["at"] for each in every), reverse=True)
    found: list[Any] = []
    following = f"{made.item}/timeline?limit=2"
    while following:
        page = shown(await made.api.get(following))
        found += page["items"]
        following = page["next"]
    assert found == every


@having("archive", "restore", annotated=True)
async def test_a_timeline_says_who_archived_and_restored_a_record(made: Made) -> None:
    shown(await made.api.delete(made.item, headers=made.tag))
    shown(await made.api.post(f"{made.item}/restore"))
    entries = (await timeline(made))[:2]
    assert [(each["action"], each["actor"]) for each in entries] == [("restored", "anna"), ("archived", "anna")]


@having(annotated=True)
async def test_nobody_else_reads_or_writes_what_stands_beside_a_record(made: Made) -> None:
    unknown = f"{made.path}/{uuid4()}"
    for part in (notes_word(made.record), "tags", "timeline"):
        shown(await made.stranger.get(f"{made.item}/{part}"), 404)
        shown(await made.api.get(f"{unknown}/{part}"), 404)
        shown(await made.writer.get(f"{made.item}/{part}"), 403)
    note = shown(await made.api.post(notes(made), json={"text": "Ours."}))
    for path, body in ((notes(made), {"text": "Theirs."}), (f"{made.item}/tags", {"tags": ["theirs"]})):
        shown(await made.stranger.post(path, json=body), 404)
        shown(await made.reader.post(path, json=body), 403)
    shown(await made.stranger.patch(f"{notes(made)}/{note['id']}", json={"text": "?"}, headers=ANY), 404)
    shown(await made.reader.delete(f"{notes(made)}/{note['id']}", headers=ANY), 403)
    other = f"{made.path}/{made.rows[0]['id']}/{notes_word(made.record)}"
    shown(await made.api.get(f"{other}/{note['id']}"), 404)
