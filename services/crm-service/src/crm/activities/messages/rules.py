"""Channels, states of a message, and the request that a gateway gets. Pure."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from string import Template
from typing import Any
from urllib.parse import quote_plus

from contracts.values import Value

PLACEHOLDERS = ("to", "from", "text", "id", "secret")
PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 180))
JSON, FORM = "json", "form"
MEDIA_TYPES = {JSON: "application/json", FORM: "application/x-www-form-urlencoded"}


class Medium(StrEnum):
    """`sms` needs telephone numbers; `social` takes the names that the network gives its users."""

    SMS = "sms"
    SOCIAL = "social"


class Driver(StrEnum):
    """`log` keeps what would be sent, and sends nothing; `http` calls a gateway."""

    LOG = "log"
    HTTP = "http"


class TextMessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    RECEIVED = "received"


class Request(Value):
    """What a gateway gets."""

    url: str
    headers: dict[str, str]
    body: str


def unknown_placeholders(template: str) -> list[str]:
    """The names behind `$` that no message has a value for; "$" for one without a name."""
    parsed = Template(template)
    if not parsed.is_valid():
        return ["$"]
    return sorted(set(parsed.get_identifiers()) - set(PLACEHOLDERS))


def request_of(gateway: Mapping[str, Any], values: Mapping[str, str]) -> Request:
    """The request to a gateway. Values in the body are escaped as its encoding demands, those of headers are lines.

    `gateway` has `url`, `headers`, `encoding` and `body`; `values` are those of the placeholders.
    """
    encoding = gateway["encoding"]
    escape = _in_json if encoding == JSON else quote_plus
    escaped = {name: escape(value) for name, value in values.items()}
    lines = {name: " ".join(value.split()) for name, value in values.items()}
    headers = {name: Template(value).substitute(lines) for name, value in gateway["headers"].items()}
    body = Template(gateway["body"]).substitute(escaped)
    return Request(url=gateway["url"], headers={**headers, "content-type": MEDIA_TYPES[encoding]}, body=body)


def _in_json(value: str) -> str:
    """The value as it stands between the quotation marks of a JSON text."""
    return json.dumps(value)[1:-1]
