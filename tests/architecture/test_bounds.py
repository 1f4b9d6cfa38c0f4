"""Everything that a service is sent has a bound: what is unbounded fits neither a column nor a topic some day."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from .source import ROOT

BOUNDED_FORMATS = {"uuid", "date", "date-time", "time"}
ENDLESS = re.compile(r"(?<!\\)[*+]|\{\d+,\}")
"""What a pattern says when it bounds no length."""

Schema = dict[str, Any]


@pytest.mark.parametrize("service", ["crm", "erp", "gateway"])
def test_every_text_list_and_number_of_a_request_has_a_bound(service: str) -> None:
    document = json.loads((ROOT / f"contracts/openapi/{service}.json").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    found = {
        finding
        for path, item in document["paths"].items()
        for operation in item.values()
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        # A file is bounded by what a body may have.
        if path.startswith("/v1/") and "json" in media_type
        for finding in unbounded(content["schema"], schemas, path, ())
    }
    assert sorted(found) == []


def unbounded(schema: Schema, schemas: dict[str, Schema], place: str, inside: tuple[str, ...]) -> Iterator[str]:
    """The places in a schema that have no bound."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in inside:
            yield from unbounded(schemas[name], schemas, name, (*inside, name))
        return
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from unbounded(each, schemas, place, inside)
    if not is_bounded(schema):
        yield f"{place}: a {schema['type']} without a bound"
    for name, each in schema.get("properties", {}).items():
        yield from unbounded(each, schemas, f"{place}.{name}", inside)
    for name, each in schema.get("patternProperties", {}).items():
        yield from unbounded(each, schemas, f"{place}.{name}", inside)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from unbounded(schema[part], schemas, f"{place}[]", inside)


def is_bounded(schema: Schema) -> bool:
    """Whether the schema itself, without its parts, bounds what it takes."""
    if "enum" in schema or "const" in schema:
        return True
    match schema.get("type"):
        case "string":
            pattern = schema.get("pattern")
            bounded_pattern = pattern is not None and not ENDLESS.search(pattern)
            return "maxLength" in schema or schema.get("format") in BOUNDED_FORMATS or bounded_pattern
        case "array":
            return "maxItems" in schema
        case "integer" | "number":
            return bool(
                {"minimum", "exclusiveMinimum"} & schema.keys() and {"maximum", "exclusiveMaximum"} & schema.keys()
            )
        case "object":
            return not schema.get("additionalProperties", "properties" not in schema) or "maxProperties" in schema
        case _:
            return True
