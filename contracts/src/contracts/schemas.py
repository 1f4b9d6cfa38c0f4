"""JSON Schemas (2020-12) of events and of the replication port, generated from their shapes."""

from typing import Any

from pydantic import BaseModel

from contracts.events import EVENTS, Envelope
from contracts.port import DeliveryAnswer, DeliveryRequest

DIALECT = "https://json-schema.org/draft/2020-12/schema"

PORT: dict[str, type[BaseModel]] = {
    "replication.request.v1": DeliveryRequest,
    "replication.answer.v1": DeliveryAnswer,
}
"""Name -> shape of a body of the replication port."""


def schema_files() -> dict[str, dict[str, Any]]:
    """File name -> schema. The name is also the `ce_dataschema` of the event."""
    open_models: dict[str, type[BaseModel]] = {**EVENTS, "cloudevent": Envelope}
    events = {f"{name}.json": _published(name, _open(plain_schema(model))) for name, model in open_models.items()}
    port = {f"{name}.json": _published(name, plain_schema(model)) for name, model in PORT.items()}
    return events | port


def _published(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"{name}.json", **schema, "title": name}


def plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a shape, without titles that repeat names."""
    schema: dict[str, Any] = _without_titles(model.model_json_schema())
    return schema


def _without_titles(node: Any) -> Any:
    """Removes titles that only repeat the name of a property; a property that is called "title" stays."""
    if isinstance(node, list):
        return [_without_titles(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_titles(item) for key, item in node.items() if not (key == "title" and isinstance(item, str))}


def _open(node: Any) -> Any:
    """Inside v1 fields may be added, so a schema that consumers hold must not refuse unknown fields."""
    if isinstance(node, list):
        return [_open(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _open(item) for key, item in node.items() if not (key == "additionalProperties" and isinstance(item, bool))
    }
