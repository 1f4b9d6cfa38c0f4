"""The payloads of events as named schemas of the AsyncAPI document, so that generated models have names."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from contracts.schemas import schema_files

Schema = dict[str, Any]
_DEFS = "#/$defs/"
_NESTED = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_BY_KEY = ("properties", "patternProperties")
_BRANCHES = ("anyOf", "oneOf", "allOf", "prefixItems")
_OF_FILES = ("$schema", "$id", "$defs", "title")


def payload_name(topic: str) -> str:
    """`crm.tax_rate.v1` -> `CrmTaxRateV1`."""
    return _name_of(topic)


def _name_of(key: str) -> str:
    return "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", key))


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def payload_schemas(topics: Iterable[str]) -> dict[str, Schema]:
    """Name -> schema, for the payload of each topic and everything that it refers to.

    Definitions that are equal in all topics are one schema under their own name; others begin with the name of the
    first topic that has them. Enumerations and objects within a property get a name of their own.
    """
    published = schema_files()
    files = {topic: published[f"{topic}.json"] for topic in topics}
    names = _names(files)
    found: dict[str, Schema] = {}
    for topic, file in files.items():
        named = {name: names[topic, name] for name in file.get("$defs", {})}
        for definition, schema in file.get("$defs", {}).items():
            _collect(named[definition], schema, named, found)
        root = {key: value for key, value in file.items() if key not in _OF_FILES}
        _collect(payload_name(topic), root, named, found)
    return dict(sorted(found.items()))


def _names(files: dict[str, Schema]) -> dict[tuple[str, str], str]:
    contents: defaultdict[str, dict[str, str]] = defaultdict(dict)
    keys: dict[tuple[str, str], str] = {}
    for topic, file in files.items():
        for name in file.get("$defs", {}):
            keys[topic, name] = json.dumps(_expanded({"$ref": _DEFS + name}, file["$defs"], ()), sort_keys=True)
            contents[name].setdefault(keys[topic, name], topic)
    return {
        (topic, name): name if len(contents[name]) == 1 else payload_name(contents[name][key]) + name
        for (topic, name), key in keys.items()
    }


def _expanded(node: Any, definitions: dict[str, Schema], above: tuple[str, ...]) -> Any:
    """The schema with its references replaced by what they refer to; one that refers to itself keeps the name."""
    if isinstance(node, list):
        return [_expanded(item, definitions, above) for item in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).removeprefix(_DEFS)
    if name in definitions and name not in above:
        return _expanded(definitions[name], definitions, (*above, name))
    return {key: _expanded(item, definitions, above) for key, item in node.items()}


def _collect(name: str, schema: Schema, named: dict[str, str], found: dict[str, Schema]) -> None:
    """Store the schema under its name, and under names below it the enumerations and objects inside it."""
    if name not in found:
        found[name] = {}  # The place is taken before what is inside it.
        # The official parser replaces references by what they refer to, and keeps the name in this extension only.
        found[name] = {"title": name, "x-parser-schema-id": name, **_inside(schema, name, named, found)}


def _inside(schema: Schema, name: str, named: dict[str, str], found: dict[str, Schema]) -> Schema:
    def nested(part: Any, part_name: str) -> Any:
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return {**part, **reference(named[part["$ref"].removeprefix(_DEFS)])}
        if "enum" in part or part.get("properties"):
            _collect(part_name, part, named, found)
            return reference(part_name)
        return _inside(part, part_name, named, found)

    result = dict(schema)
    for key in _BY_KEY:
        if key in schema:
            result[key] = {each: nested(part, name + _name_of(each)) for each, part in schema[key].items()}
    for key in _NESTED:
        if key in schema:
            result[key] = nested(schema[key], f"{name}Item" if key == "items" else f"{name}Value")
    for key in _BRANCHES:
        if key in schema:
            result[key] = [nested(part, f"{name}Option{at}") for at, part in enumerate(schema[key], 1)]
    return result
