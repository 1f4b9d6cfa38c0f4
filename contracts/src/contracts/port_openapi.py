"""The OpenAPI document of the replication port: what a system implements to be synchronised."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from contracts.kinds import TABLES
from contracts.port import DeliveryAnswer, DeliveryRequest, PortProblem, PortStatus

_DESCRIPTION = """\
The port of a system that the gateway synchronises. `services/JOIN.md` explains what each outcome means, how a row
keeps its marks, and which events the system publishes; `python -m contracts conform URL` checks a port.
"""
_PARAMETER = {
    "name": "kind",
    "in": "path",
    "required": True,
    "description": "The kind of the records; a kind that the system does not hold is answered with 404.",
    "schema": {"type": "string", "enum": list(TABLES)},
}
_PROBLEMS = {
    "401": "The token is missing or invalid: wrong signature, issuer, audience or time.",
    "403": "The token lacks the scope `replication:write`, or is of a tenant that the system does not serve.",
    "404": "The system does not hold records of this kind. The gateway repeats the kind after a pause.",
    "413": "The batch has more than 200 items, or too many bytes. The gateway sends its halves.",
    "422": "The body cannot be read. The gateway sends its halves, to find the failing item.",
    "503": "The system is unavailable or overloaded, as 429, 502 and 504. The gateway waits, and sends all again.",
}


def port_document() -> dict[str, Any]:
    """The whole document, as plain data."""
    bodies: tuple[type[BaseModel], ...] = (DeliveryRequest, DeliveryAnswer, PortStatus, PortProblem)
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(each, "validation") for each in bodies]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Replication port of a system", "version": "1.0.0", "description": _DESCRIPTION},
        "paths": {
            "/replication/v1/{kind}": {"post": _deliver()},
            "/replication/v1/status": {"get": _status()},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of the gateway: `aud` is the audience with which the system is registered.",
                }
            },
        },
    }


def _deliver() -> dict[str, Any]:
    return {
        "operationId": "deliver",
        "summary": "Bring records to revisions of the gateway.",
        "description": "Apply a batch of deliveries: an outcome per item, in order; a failing item refuses no other.",
        "parameters": [_PARAMETER],
        "requestBody": {"required": True, "content": _content("DeliveryRequest")},
        "responses": {"200": _answer("An outcome for each item.", "DeliveryAnswer"), **_refusals(_PROBLEMS)},
        "security": [{"bearer": ["replication:write"]}],
    }


def _status() -> dict[str, Any]:
    answers = {status: _PROBLEMS[status] for status in ("401", "403", "503")}
    return {
        "operationId": "read_status",
        "summary": "The status of the system.",
        "description": "Polled every few seconds: whether the system is available, and whether it was restored.",
        "responses": {"200": _answer("The status.", "PortStatus"), **_refusals(answers)},
        "security": [{"bearer": ["replication:write"]}],
    }


def _refusals(reasons: dict[str, str]) -> dict[str, Any]:
    problem = _content("PortProblem", "application/problem+json")
    return {status: {"description": reason, "content": problem} for status, reason in reasons.items()}


def _answer(description: str, model: str) -> dict[str, Any]:
    return {"description": description, "content": _content(model)}


def _content(model: str, media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
