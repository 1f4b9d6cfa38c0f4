"""Writes of every record: by whom, upon which version, once, in batches, and out of use and back."""

from typing import Any

import httpx
import pytest

from ..contracts.wrong import Wrong, check, documented
from .examples import Json, shown
from .made import Made
from .subjects import having

pytestmark = pytest.mark.servers
STALE, ANY = {"If-Match": '"999"'}, {"If-Match": "*"}
UNKNOWN = "colour_of_it"


def unchanged(made: Made) -> Json:
    """A merge patch of the row that says what is there already."""
    plain = made.record.body.model_fields.keys() & made.row.keys()
    return {name: made.row[name] for name in plain if isinstance(made.row[name], str | int | bool | None)}


@having("create", "list")
async def test_a_row_is_entered_at_its_own_address_and_listed(made: Made) -> None:
    answer = await made.api.post(made.path, json=await made.another())
    entered = shown(answer, 201)
    assert answer.headers["Location"] == f"{made.path}/{entered['id']}"
    assert answer.headers["ETag"] == f'"{entered["version"]}"'
    assert entered["id"] in await made.listed()
    if "read" in made.subject.verbs:
        assert shown(await made.api.get(answer.headers["Location"])) == entered


@having("create", "list")
async def test_the_same_idempotency_key_enters_one_row(made: Made) -> None:
    body, key = await made.another(), {"Idempotency-Key": "once"}
    first, second = [await made.api.post(made.path, json=body, headers=key) for _ in range(2)]
    assert shown(first, 201) == shown(second, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert set(await made.listed()) - {row["id"] for row in made.rows} == {first.json()["id"]}


@having("create", "list")
async def test_an_unknown_field_of_a_new_row_is_named_and_nothing_entered(made: Made) -> None:
    refused = shown(await made.api.post(made.path, json={**await made.another(), UNKNOWN: 1}), 422)
    assert [error["field"] for error in refused["errors"]] == [UNKNOWN]
    assert len(await made.listed()) == len(made.rows)


@having("create")
async def test_entering_needs_its_scope(made: Made) -> None:
    refused = shown(await made.reader.post(made.path, json=await made.another()), 403)
    assert refused["missing"] == made.record.write_scope


@having("change")
async def test_a_patch_that_changes_nothing_keeps_the_version(made: Made) -> None:
    for patch in ({}, unchanged(made)):
        assert shown(await made.api.patch(made.item, json=patch, headers=made.tag)) == made.row


@having("change")
async def test_an_unknown_field_of_a_patch_is_named(made: Made) -> None:
    refused = shown(await made.api.patch(made.item, json={UNKNOWN: 1}, headers=made.tag), 422)
    assert [error["field"] for error in refused["errors"]] == [UNKNOWN]


def _all_wrong(made: Made, method: str) -> tuple[Any, set[str]]:
    document = documented(made.subject.service)
    path = made.path if method == "post" else f"{made.path}/{{{made.record.name}_id}}"
    (content,) = document["paths"][path][method]["requestBody"]["content"].values()
    wrong = Wrong(document["components"]["schemas"])
    return wrong.of(content["schema"]), wrong.fields


@having("change")
async def test_all_that_is_wrong_with_a_patch_is_said_at_once_and_in_our_words(made: Made) -> None:
    patch, fields = _all_wrong(made, "patch")
    check(shown(await made.api.patch(made.item, json=patch, headers=made.tag), 422)["errors"], fields)


@having("create", "batch")
async def test_all_that_is_wrong_with_an_item_of_a_batch_is_said_at_once_and_in_our_words(made: Made) -> None:
    body, fields = _all_wrong(made, "post")
    (result,) = shown(await made.api.post(f"{made.path}:batch", json={"items": [{"body": body}]}))["items"]
    check(result["problem"]["errors"], fields)


async def _conditionally(made: Made, client: httpx.AsyncClient, headers: dict[str, str]) -> list[httpx.Response]:
    """The answers to the verbs of the record that ask for a version."""
    answers = [await client.patch(made.item, json={}, headers=headers)]
    return answers + ([await client.delete(made.item, headers=headers)] if "archive" in made.subject.verbs else [])


@having("change")
async def test_a_change_needs_the_version_that_was_seen(made: Made) -> None:
    for answer in await _conditionally(made, made.api, {}):
        shown(answer, 428)
    for answer in await _conditionally(made, made.api, STALE):
        stale = shown(answer, 412)
        assert (stale["current"]["id"], stale["current"]["version"]) == (made.row["id"], made.row["version"])
        assert answer.headers["ETag"] == made.tag["If-Match"]


@having("change")
async def test_nobody_else_changes_a_row(made: Made) -> None:
    for answer in await _conditionally(made, made.stranger, ANY):
        shown(answer, 404)
    for answer in await _conditionally(made, made.reader, ANY):
        shown(answer, 403)


@having("batch", "create", "list")
async def test_the_items_of_a_batch_stand_or_fall_alone(made: Made) -> None:
    body = await made.another()
    items: list[dict[str, Any]] = [
        {"body": body},
        {"body": {**body, UNKNOWN: 1}},
        {"id": made.row["id"], "version": 999, "body": {}},
        {"id": made.row["id"], "version": made.row["version"], "body": {}},
    ]
    if "change" not in made.subject.verbs:
        items = items[:2]
    results = shown(await made.api.post(f"{made.path}:batch", json={"items": items}))["items"]
    assert [each["outcome"] for each in results] == ["created", "refused", "refused", "unchanged"][: len(items)]
    assert [error["field"] for error in results[1]["problem"]["errors"]] == [UNKNOWN]
    assert set(await made.listed()) - {row["id"] for row in made.rows} == {results[0]["id"]}
    shown(await made.reader.post(f"{made.path}:batch", json={"items": items}), 403)


@having("archive", "restore", "change", "list")
async def test_an_archived_row_is_read_only_until_it_is_restored(made: Made) -> None:
    archived = shown(await made.api.delete(made.item, headers=made.tag))
    assert archived["archived_at"] is not None
    assert archived["version"] > made.row["version"]
    assert made.row["id"] not in await made.listed()
    assert await made.listed(archived="true") == [made.row["id"]]
    assert len(await made.listed(archived="any")) == len(made.rows)
    assert shown(await made.api.get(made.item)) == archived
    refused = shown(await made.api.patch(made.item, json={}, headers=ANY), 409)
    assert refused["type"] == "/problems/archived"
    assert shown(await made.api.post(f"{made.item}/restore"))["archived_at"] is None
    assert made.row["id"] in await made.listed()
    shown(await made.api.patch(made.item, json={}, headers=ANY))


@having("restore")
async def test_nobody_else_restores_a_row(made: Made) -> None:
    shown(await made.stranger.post(f"{made.item}/restore"), 404)
    shown(await made.reader.post(f"{made.item}/restore"), 403)
