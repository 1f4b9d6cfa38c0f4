"""What the API's document says of a patch and of a batch, and what the functions get."""

from typing import Any

import pytest
from chassis.auth import public
from chassis.patch import JsonPatch
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from records.batches import Batch

Schema = dict[str, Any]


class Place(BaseModel):
    city: str = Field(max_length=10)
    lines: list[str] = []


class ThingBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = Field(default=1, ge=0, description="In boxes.")
    place: Place | None = None
    places: list[Place] = []


things = APIRouter(prefix="/v1/things", tags=["things"])


@things.patch("", dependencies=[public])
async def change_thing(patch: JsonPatch[ThingBody]) -> dict[str, Any]:
    return patch


@things.post(":batch", dependencies=[public])
async def write_things(body: Batch[ThingBody, ThingBody]) -> list[dict[str, Any]]:
    return [item.body for item in body.items]


@pytest.fixture
def document(make_app: Any) -> Schema:
    schema: Schema = make_app([things]).openapi()
    return schema


def schema_of(document: Schema, name: str) -> Schema:
    schema: Schema = document["components"]["schemas"][name]
    return schema


def test_a_patch_has_a_model_without_required_fields(document: Schema) -> None:
    content = document["paths"]["/v1/things"]["patch"]["requestBody"]["content"]
    assert content["application/merge-patch+json"]["schema"]["$ref"] == "#/components/schemas/ThingPatch"
    patch = schema_of(document, "ThingPatch")
    assert "required" not in patch
    assert patch["properties"].keys() == ThingBody.model_fields.keys()
    assert not any("default" in field for field in patch["properties"].values())


def test_what_has_a_default_may_be_emptied_and_what_is_required_may_not(document: Schema) -> None:
    fields = schema_of(document, "ThingPatch")["properties"]
    assert fields["name"]["type"] == "string"
    assert {"type": "null"} in fields["size"]["anyOf"]
    assert fields["size"]["description"] == "In boxes."


def test_an_object_may_be_given_in_part_and_items_of_a_list_may_not(document: Schema) -> None:
    fields = schema_of(document, "ThingPatch")["properties"]
    assert fields["place"]["anyOf"][0] == {"$ref": "#/components/schemas/PartialPlace"}
    assert fields["places"]["anyOf"][0]["items"] == {"$ref": "#/components/schemas/Place"}
    assert "required" not in schema_of(document, "PartialPlace")
    assert schema_of(document, "Place")["required"] == ["city"]


def test_an_item_of_a_batch_is_a_body_or_a_patch(document: Schema) -> None:
    content = document["paths"]["/v1/things:batch"]["post"]["requestBody"]["content"]
    assert content["application/json"]["schema"]["$ref"] == "#/components/schemas/ThingBatch"
    assert schema_of(document, "ThingBatch")["properties"]["items"]["items"]["$ref"].endswith("/ThingItem")
    body = schema_of(document, "ThingItem")["properties"]["body"]
    assert [each["$ref"].rpartition("/")[2] for each in body["anyOf"]] == ["ThingBody", "ThingPatch"]


async def test_what_was_sent_is_what_the_function_gets(make_app: Any, calls: Any) -> None:
    sent = {"size": None, "place": {"city": "Rome"}, "unknown": [1]}
    async with calls(make_app([things])) as client:
        assert (await client.patch("/v1/things", json=sent)).json() == sent
        assert (await client.post("/v1/things:batch", json={"items": [{"body": sent}]})).json() == [sent]
        assert (await client.patch("/v1/things", json=[1])).status_code == 422
