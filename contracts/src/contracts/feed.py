"""The items of a system's feed of events (`GET /v1/events`), as its API's document declares them."""

from collections.abc import Collection
from typing import Any

from contracts.asyncapi_schemas import Schema, payload_name, payload_schemas, reference
from contracts.events import EVENTS, Envelope
from contracts.schemas import plain_schema

_POSITION = {"type": "integer", "description": "The position in the feed; `after` continues behind it."}
_TYPES = {"sync.conflict.v1": ("sync.conflict.decided.v1", "sync.conflict.mended.v1")}
"""The types of events of the topics that have others than `changed`."""


def declare_feed(topics: Collection[str], document: dict[str, Any]) -> None:
    """Declare each item as one of the events of these topics, which its `type` tells apart, with the schema of its
    data."""
    shown = sorted(topic for topic in topics if topic in EVENTS)
    payloads = payload_schemas(shown)
    own = tuple(payload_name(topic) for topic in shown)
    names = {name: name if name.startswith(own) else f"Event{name}" for name in payloads}
    found = {names[name]: _renamed(schema, names) for name, schema in payloads.items()}
    events = {_event_name(topic): _event(topic) for topic in shown}
    mapping = {each: reference(_event_name(topic))["$ref"] for topic in shown for each in _types(topic)}
    schemas = document["components"]["schemas"]
    schemas.update({**found, **events})
    schemas["Feed"]["properties"]["items"]["items"] = {
        "oneOf": [reference(name) for name in events],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _event(topic: str) -> Schema:
    envelope = plain_schema(Envelope)
    kept = {key: value for key, value in envelope["properties"].items() if key != "data"}
    types = _types(topic)
    kind = {"type": "string", "const": types[0]} if len(types) == 1 else {"type": "string", "enum": list(types)}
    return {
        "type": "object",
        "title": _event_name(topic),
        "description": f"An event of the topic `{topic}`: a CloudEvent 1.0 with its position.",
        "properties": {**kept, "type": kind, "position": _POSITION, "data": reference(payload_name(topic))},
        "required": [*envelope["required"], "position"],
    }


def _event_name(topic: str) -> str:
    """`crm.tax_rate.v1` -> `CrmTaxRateEvent`."""
    return payload_name(topic.rpartition(".")[0]) + "Event"


def _types(topic: str) -> tuple[str, ...]:
    stem, _, version = topic.rpartition(".")
    return _TYPES.get(topic, (f"{stem}.changed.{version}",))


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """The schema under the names that it has beside the shapes of the API."""
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _renamed(value, names) for key, value in node.items() if key != "x-parser-schema-id"}
    if isinstance(name := plain.get("$ref"), str):
        return {**plain, **reference(names[name.rpartition("/")[2]])}
    if plain.get("title") in names:
        plain["title"] = names[plain["title"]]
    return plain
