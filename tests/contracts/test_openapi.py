"""The published OpenAPI documents hold together; that they are those of the services is what `make check` says."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from .published import FOLDER, TOPICS, example

SERVICES = ["crm", "erp", "gateway"]
SHAPELESS = {
    ".AuditEntryOut.properties.facts",  # The parameters of any operation.
    ".FormSubmissionRead.properties.fields",  # The fields that a tenant has declared.
    ".JobOut.properties.result.anyOf",  # The result of any kind of job.
    ".SentOut.properties.lines.items",  # Lines as they were stored on that day.
    ".StaleVersionProblem.properties.current",  # The record that was changed, of any kind.
}
"""Objects of the documents whose members depend on something else, besides own fields (`custom`)."""


def document(service: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"openapi/{service}.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("service", SERVICES)
def test_every_reference_leads_somewhere(service: str) -> None:
    read = document(service)
    schemas = read["components"]["schemas"]
    text = json.dumps(read)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= schemas.keys()
    assert read["openapi"].startswith("3.1")


@pytest.mark.parametrize("topic", TOPICS)
def test_an_event_has_the_shape_that_the_feed_declares_for_its_type(topic: str) -> None:
    read = document(topic.partition(".")[0].replace("sync", "gateway"))
    item = read["components"]["schemas"]["Feed"]["properties"]["items"]["items"]
    event = {**example(topic), "position": 7}
    declared = jsonschema_rs.Draft202012Validator({**read, "$ref": item["discriminator"]["mapping"][event["type"]]})
    assert [error.message for error in declared.iter_errors(event)] == []
    assert list(declared.iter_errors({**event, "data": {}}))


def test_both_spokes_have_the_same_port() -> None:
    ports = [
        {path: item for path, item in document(name)["paths"].items() if path.startswith("/replication")}
        for name in ("crm", "erp")
    ]
    assert ports[0] == ports[1] != {}


@pytest.mark.parametrize("service", SERVICES)
def test_names_of_schemas_are_words_not_paths_of_the_code(service: str) -> None:
    names = list(document(service)["components"]["schemas"])
    assert [name for name in names if not re.fullmatch(r"([A-Z][a-z0-9]*)+", name)] == []


@pytest.mark.parametrize("service", ["crm", "erp"])
def test_a_list_whose_members_can_be_expanded_is_a_list(service: str) -> None:
    listed = 0
    for name, schema in document(service)["components"]["schemas"].items():
        for field, shown in schema.get("properties", {}).items():
            if name.endswith("Read") and field in ("lines", "allocations"):
                assert shown["type"] == "array", (name, field)
                listed += 1
    assert listed


def schemas_in(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with its path, examples and values left out."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            if key not in {"example", "examples", "default", "const", "enum"}:
                yield from schemas_in(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from schemas_in(value, path)


def operations(read: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in read["paths"].items():
        yield from ((f"{method} {path}", each) for method, each in methods.items() if "responses" in each)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_an_id_of_its_own(service: str) -> None:
    ids = [operation["operationId"] for _, operation in operations(document(service))]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("service", SERVICES)
def test_every_tag_is_described_and_used(service: str) -> None:
    read = document(service)
    described = {tag["name"]: tag["description"] for tag in read["tags"]}
    assert len(described) == len(read["tags"])
    assert described.keys() == {tag for _, operation in operations(read) for tag in operation["tags"]}
    assert all(text.endswith(".") for text in described.values())


@pytest.mark.parametrize("service", SERVICES)
def test_every_summary_says_what_the_call_is_for(service: str) -> None:
    """And not the name of the function, which FastAPI gives."""
    for name, operation in operations(document(service)):
        words = operation["operationId"].partition("_")[2].replace("_", " ")
        summary = operation["summary"]
        assert operation["description"], name
        assert summary.lower() not in (words, operation["operationId"].replace("_", " ")), name
        assert len(summary) <= 120, name


SHAPED_BY_TENANTS = {"post /v1/forms/{key}/submissions application/json"}
"""Bodies whose fields a tenant declares."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_json_body_and_answer_is_a_named_model(service: str) -> None:
    """Or a list of one; an optional body may be null too."""
    unnamed = []
    for name, operation in operations(document(service)):
        for place in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media, content in place.get("content", {}).items():
                schema = content["itemSchema" if media == "text/event-stream" else "schema"]
                either = [each for each in schema.get("anyOf", [schema]) if each != {"type": "null"}]
                if (
                    "json" in media
                    and media != "application/jsonl"
                    and not all("$ref" in each.get("items", each) for each in either)
                ):
                    unnamed.append(f"{name} {media}")
    assert set(unnamed) <= SHAPED_BY_TENANTS


@pytest.mark.parametrize("service", SERVICES)
def test_no_object_is_without_a_shape_but_those_that_others_declare(service: str) -> None:
    def shapeless(schema: dict[str, Any]) -> bool:
        free = schema.get("additionalProperties", True) in (True, {})
        return schema.get("type") == "object" and free and not schema.get("properties")

    models = document(service)["components"]["schemas"]
    found = {path for path, schema in schemas_in(models) if shapeless(schema) and ".custom" not in path}
    assert found <= SHAPELESS
