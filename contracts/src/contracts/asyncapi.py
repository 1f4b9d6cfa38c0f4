"""The AsyncAPI 3.0 document: topics, their messages, the CloudEvents headers and the keys."""

import json
from pathlib import Path
from typing import Any

from contracts.asyncapi_schemas import payload_name, payload_schemas, reference
from contracts.events import EVENTS, Envelope, partitions_of
from contracts.kinds.announced import ANNOUNCED
from contracts.outbound import OUTBOUND, outbound_topic

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

SERVERS = {
    "installation": {
        "host": "{host}:{port}",
        "protocol": "kafka-secure",
        "description": "The broker of an installation. Each third party has a user with rights on its topics.",
        "variables": {"host": {"default": "kafka"}, "port": {"default": "9092"}},
        "security": [{"type": "scramSha512", "description": "The name and the password that the operator hands out."}],
    },
    "development": {
        "host": "localhost:9092",
        "protocol": "kafka",
        "description": "`KAFKA_PORT=9092 make run`",
    },
}

_DESCRIPTION = """\
What CRM, ERP and the sync gateway announce. Each event is a CloudEvent 1.0 in Kafka's binary mode; a
consumer accepts structured mode too. Delivery is at least once: drop what you have seen, by `ce_source`
and `ce_id`, or by `ce_subject` and `ce_sequence`. Events of one key keep their order. Topics are compacted
and every event carries the whole record, so a new consumer can start from the beginning, and any event can
be skipped or replayed. Pass over fields that you do not know: inside v1 there are only additions.
"""

_SPOKE = "{Article} {kind} was entered, changed, archived or updated by a delivery in the {system}."
_ANNOUNCED = "{Article} {kind} was entered or changed in the {system}; no other system holds it."
_GOLDEN = "The golden record of {article} {kind} has changed."
_CONFLICT = (
    "Several values of one group conflicted: all of them, the winner and the rule. With the type "
    "sync.conflict.mended.v1: an action of a person on a link or a delivery."
)

_KEYS = {
    "crm": "The id of the record in the CRM.",
    "erp": "The id of the record in the ERP.",
    "sync": "The canonical id of the record; in sync.conflict.v1 the id of the decision.",
}


def asyncapi_document() -> dict[str, Any]:
    """The whole document, as plain data."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Concord events",
            "version": "1.0.0",
            "description": _DESCRIPTION,
        },
        "servers": SERVERS,
        "defaultContentType": "application/json",
        "channels": {
            **{topic: _channel(topic) for topic in EVENTS},
            **{f"outbound.{kind}.v1": _outbound_channel(kind) for kind in OUTBOUND},
        },
        "operations": {
            f"announce.{topic}": _operation(topic) for topic in (*EVENTS, *(f"outbound.{kind}.v1" for kind in OUTBOUND))
        },
        "components": {
            "messages": {topic: _message(topic) for topic in EVENTS},
            "messageTraits": {"cloudevent": {"headers": reference("CloudEventHeaders")}},
            "schemas": {"CloudEventHeaders": _headers(), **payload_schemas(EVENTS)},
        },
    }


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": topic,
        "description": _promise(topic),
        "messages": {"changed": {"$ref": f"#/components/messages/{topic}"}},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": partitions_of(topic),
                "topicConfiguration": {"cleanup.policy": ["compact"]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _outbound_channel(kind: str) -> dict[str, Any]:
    topic = OUTBOUND[kind]
    channel = _channel(topic)
    del channel["bindings"]["kafka"]["topic"]
    return {
        **channel,
        "address": outbound_topic("{tenant}", kind),
        "description": (
            f"The events of {topic} of one tenant, for third parties, while the tenant declares it at "
            f"/v1/outbound-topics/{kind}. Groups that the declaration leaves out are missing."
        ),
        "parameters": {"tenant": {"description": "The id of the tenant."}},
    }


def _operation(topic: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic}"},
        "messages": [{"$ref": f"#/channels/{topic}/messages/changed"}],
    }


def _message(topic: str) -> dict[str, Any]:
    system, kind, version = topic.split(".")
    verb = "decided" if kind == "conflict" else "changed"
    return {
        "name": f"{system}.{kind}.{verb}.{version}",
        "summary": _promise(topic),
        "examples": [{"name": "golden", "summary": "It fits the schema; a test checks it.", **_example(topic)}],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": reference(payload_name(topic))},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": _KEYS[system]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _example(topic: str) -> dict[str, Any]:
    """The golden example in Kafka's binary mode."""
    event: dict[str, Any] = json.loads((EXAMPLES / f"{topic}.json").read_text(encoding="utf-8"))
    payload = event.pop("data")
    headers = {f"ce_{name}": value for name, value in event.items() if name != "datacontenttype" and value is not None}
    return {"headers": {"content-type": "application/json", **headers}, "payload": payload}


def _promise(topic: str) -> str:
    system, kind, _ = topic.split(".")
    if kind == "conflict":
        return _CONFLICT
    article = "an" if kind[0] in "aeiou" else "a"
    words = {"article": article, "Article": article.title(), "kind": kind.replace("_", " "), "system": system.upper()}
    if kind in ANNOUNCED:
        return _ANNOUNCED.format_map(words)
    return (_GOLDEN if system == "sync" else _SPOKE).format_map(words)


def _headers() -> dict[str, Any]:
    """The header for each attribute of the envelope; header values are text."""
    attributes = {
        name: field for name, field in Envelope.model_fields.items() if name not in ("data", "datacontenttype")
    }
    return {
        "type": "object",
        "required": [f"ce_{name}" for name, field in attributes.items() if field.is_required()],
        "properties": {
            "content-type": {"type": "string", "const": "application/json"},
            **{f"ce_{name}": {"type": "string"} for name in attributes},
        },
    }
