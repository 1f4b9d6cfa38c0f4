"""What the API's document says of headers, preconditions and problems."""

from typing import Annotated, Any
from uuid import UUID

import pytest
from chassis.auth import public
from chassis.errors import MEDIA_TYPE
from chassis.pages import Page, PageRequest, Sorting, sorted_by
from chassis.preconditions import SeenIfThere, SeenVersion, etag
from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import column

Operation = dict[str, Any]
things = APIRouter(prefix="/v1/things", tags=["things"], dependencies=[public])
Paged = sorted_by(Sorting({"name": column("name"), "size": column("size")}, column("id"), "name"))


class ThingBody(BaseModel):
    name: str


class ThingOut(ThingBody):
    version: int


@things.get("")
async def list_things(paging: Annotated[PageRequest, Paged]) -> Page[ThingOut]:
    return Page(items=[ThingOut(name=str(paging.sort), version=1)])


@things.post("", status_code=201)
async def create_thing(body: ThingBody, response: Response) -> ThingOut:
    response.headers.update({"ETag": etag(1), "Location": "/v1/things/1"})
    return ThingOut(name=body.name, version=1)


@things.get("/{thing_id}")
async def read_thing(thing_id: UUID, response: Response) -> ThingOut:
    response.headers["ETag"] = etag(1)
    return ThingOut(name=str(thing_id), version=1)


@things.put("/{thing_id}")
async def declare_thing(thing_id: UUID, body: ThingBody, seen: SeenIfThere) -> None:
    return None


@things.delete("/{thing_id}")
async def archive_thing(thing_id: UUID, seen: SeenVersion) -> None:
    return None


@pytest.fixture
def paths(make_app: Any) -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = make_app([things]).openapi()["paths"]
    return found


def if_match_of(operation: Operation) -> dict[str, Any]:
    (found,) = [each for each in operation["parameters"] if each["name"] == "If-Match"]
    return dict(found)


def test_if_match_is_required_where_a_request_without_it_is_refused(paths: Any) -> None:
    needed = if_match_of(paths["/v1/things/{thing_id}"]["delete"])
    assert (needed["required"], needed["schema"]["type"]) == (True, "string")
    assert not if_match_of(paths["/v1/things/{thing_id}"]["put"])["required"]


async def test_a_request_without_if_match_is_still_answered_428(make_app: Any, calls: Any) -> None:
    async with calls(make_app([things])) as client:
        refused = await client.delete(f"/v1/things/{UUID(int=1)}")
    assert (refused.status_code, refused.json()["type"]) == (428, "/problems/precondition-required")


def test_headers_of_answers_are_declared(paths: Any) -> None:
    collection, item = paths["/v1/things"], paths["/v1/things/{thing_id}"]
    assert collection["get"]["responses"]["200"]["headers"].keys() == {"Link"}
    assert collection["post"]["responses"]["201"]["headers"].keys() == {"ETag", "Location"}
    assert item["get"]["responses"]["200"]["headers"].keys() == {"ETag"}
    assert "headers" not in item["delete"]["responses"]["200"]


def test_each_operation_declares_the_problems_that_it_answers(paths: Any) -> None:
    item = paths["/v1/things/{thing_id}"]
    assert item["get"]["responses"].keys() == {"200", "401", "403", "404", "422", "4XX", "5XX"}
    assert item["delete"]["responses"].keys() - item["get"]["responses"].keys() == {"409", "412", "428"}
    stale = item["delete"]["responses"]["412"]["content"][MEDIA_TYPE]["schema"]
    assert stale == {"$ref": "#/components/schemas/StaleVersionProblem"}


def test_the_extensions_of_problems_are_declared(make_app: Any) -> None:
    schemas = make_app([things]).openapi()["components"]["schemas"]
    assert schemas["StaleVersionProblem"]["properties"].keys() >= {"current", "base", "yours", "title", "hint"}
    assert schemas["ConflictProblem"]["properties"].keys() >= {"owner", "fields", "allowed", "state"}
    assert "errors" in schemas["MalformedProblem"]["properties"]


def test_sort_lists_its_values(paths: Any) -> None:
    (sort,) = [each for each in paths["/v1/things"]["get"]["parameters"] if each["name"] == "sort"]
    assert "name, size" in sort["description"]
    assert "^-?(name|size)(,-?(name|size))*$" in str(sort["schema"])
