"""The gate against the last release: what breaks a client is found, additions pass."""

import copy
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from contracts.compatibility import document_findings, schema_findings
from contracts.deprecations import deprecated_field
from contracts.releasing import broken, release, released_version
from pydantic import Field, create_model

CONTRACTS = Path(__file__).parents[2]

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "name"],
    "properties": {
        "kind": {"const": "customer", "type": "string"},
        "name": {"type": "string", "maxLength": 100},
        "state": {"enum": ["draft", "open"], "type": "string"},
        "phone": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "address": {"$ref": "#/$defs/Address"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {"Address": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def changed(**properties: Any) -> dict[str, Any]:
    """The event with other properties; None removes one."""
    event = copy.deepcopy(EVENT)
    for name, schema in properties.items():
        if schema is None:
            del event["properties"][name]
        else:
            event["properties"][name] = schema
    return event


@pytest.mark.parametrize(
    ("now", "finding"),
    [
        (changed(phone=None), "e.phone is removed"),
        (changed(name={"type": "integer"}), "e.name: the type string has become integer"),
        (changed(name={"type": "string", "maxLength": 50}), "e.name: maxLength is 50 now"),
        (changed(name={"type": "string", "maxLength": 100, "pattern": "^A"}), "e.name: the pattern ^A is required now"),
        (changed(state={"enum": ["open"], "type": "string"}), "e.state: draft is not accepted any more"),
        (changed(phone={"type": "string"}), "e.phone: the type null has become string"),
        (changed(tags={"type": "array", "items": {"type": "integer"}}), "e.tags[]: the type string has become integer"),
        ({**EVENT, "required": ["kind", "name", "state"]}, "e.state is required now"),
        ({**EVENT, "required": ["kind"]}, "e.name may be missing now"),
        ({**EVENT, "$defs": {"Address": {"type": "object", "properties": {}}}}, "e.address.city is removed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_a_reader_or_a_writer_of_events_is_found(now: dict[str, Any], finding: str) -> None:
    assert finding in schema_findings(EVENT, now, "e")


@pytest.mark.parametrize(
    "now",
    [
        EVENT,
        changed(fax={"type": "string"}),
        changed(state={"enum": ["draft", "open", "closed"], "type": "string"}),
        changed(name={"type": "string", "maxLength": 200}),
        {**EVENT, "description": "A customer."},
    ],
)
def test_additions_to_events_pass(now: dict[str, Any]) -> None:
    assert schema_findings(EVENT, now, "e") == []


def document(**operation: Any) -> dict[str, Any]:
    """An OpenAPI document with one operation."""
    body = {"type": "object", "properties": {"name": {"type": "string"}}}
    answer = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    whole = {
        "parameters": [{"in": "query", "name": "q", "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"content": {"application/json": {"schema": answer}}}, "422": {}},
        "security": [{"bearer": ["customers:write"]}],
    }
    return {"paths": {"/v1/customers": {"post": {**whole, **operation}}}}


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"content": {"application/json": {"schema": schema}}}}


@pytest.mark.parametrize(
    ("now", "finding"),
    [
        ({"paths": {}}, "POST /v1/customers is removed"),
        (document(parameters=[]), "POST /v1/customers: query parameter q is removed"),
        (
            document(
                parameters=[
                    {"in": "query", "name": "q", "schema": {"type": "string"}},
                    {"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}},
                ]
            ),
            "POST /v1/customers: the new header parameter If-Match is required",
        ),
        (
            document(
                requestBody={
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"name": {"type": "string"}},
                            }
                        }
                    }
                }
            ),
            "POST /v1/customers body.name is required now",
        ),
        (document(responses={"201": {}}), "POST /v1/customers: the answer 200 is removed"),
        (document(responses=answering({"type": "object", "properties": {}})), "POST /v1/customers 200.id is removed"),
        (
            document(security=[{"bearer": ["customers:write", "credit:write"]}]),
            "POST /v1/customers: needs credit:write, customers:write, and needed customers:write",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_breaks_a_client_of_an_api_is_found(now: dict[str, Any], finding: str) -> None:
    assert finding in document_findings(document(), now)


def test_additions_to_an_api_pass() -> None:
    more = document(
        parameters=[
            {"in": "query", "name": "q", "schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            {"in": "query", "name": "sort", "schema": {"type": "string"}},
        ],
        responses=answering(
            {
                "type": "object",
                "required": ["id", "name"],
                "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
            }
        ),
        security=[{"bearer": ["contacts:write"]}, {"bearer": ["customers:write"]}],
    )
    more["paths"]["/v1/suppliers"] = {"get": {}}
    assert document_findings(document(), more) == []


def test_the_published_files_are_compatible_with_themselves_as_a_release(tmp_path: Path) -> None:
    for part in ("schemas", "openapi"):
        (tmp_path / part).mkdir()
    names = ("schemas/crm.customer.v1.json", "schemas/cloudevent.json", "openapi/gateway.json")
    files = {name: (CONTRACTS / name).read_text(encoding="utf-8") for name in names}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert released_version(tmp_path) is None
    assert (release(tmp_path, "1.2.0"), released_version(tmp_path)) == (3, "1.2.0")
    assert broken(tmp_path, files) == []
    smaller = json.loads(files["schemas/crm.customer.v1.json"])
    del smaller["properties"]["actor"]
    without = {**files, "schemas/crm.customer.v1.json": json.dumps(smaller)}
    assert broken(tmp_path, without) == ["schemas/crm.customer.v1.json: crm.customer.v1.actor is removed"]
    del without["schemas/cloudevent.json"]
    assert "schemas/cloudevent.json is removed" in broken(tmp_path, without)


def test_a_deprecated_operation_or_field_may_be_removed_from_its_sunset_on_and_not_before() -> None:
    sunset = date(2028, 1, 1)
    arguments = deprecated_field(date(2027, 1, 1), sunset, "use name")
    model = create_model("Thing", name=(str, ...), title=(str | None, Field(default=None, **arguments)))
    before = model.model_json_schema()
    smaller = create_model("Thing", name=(str, ...))
    now = smaller.model_json_schema()
    assert before["properties"]["title"]["deprecated"] is True
    day_before = schema_findings(before, now, "thing", sunset - timedelta(days=1))
    assert day_before == ["thing.title is removed before its sunset, 2028-01-01"]
    assert schema_findings(before, now, "thing", sunset) == []
    operation = {"deprecated": True, "x-sunset": "2028-01-01", "responses": {}}
    document = {"paths": {"/things": {"get": operation}}}
    removed = document_findings(document, {"paths": {}}, sunset - timedelta(days=1))
    assert removed == ["GET /things is removed before its sunset, 2028-01-01"]
    assert document_findings(document, {"paths": {}}, sunset) == []
