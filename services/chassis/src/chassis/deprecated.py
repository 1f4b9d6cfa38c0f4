"""Deprecated operations, declared once for each service: in its documents, and in each answer (RFC 9745, RFC 8594)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from wsgiref.handlers import format_date_time

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import telemetry
from chassis.edge import operation_id


class Deprecation(NamedTuple):
    """Since when an operation is deprecated, from when on it may be removed, and where it is said what to use."""

    since: date
    sunset: date
    link: str

    def headers(self) -> dict[str, str]:
        """The headers of each answer of the operation."""
        ends = datetime.combine(self.sunset, time(), UTC)
        begins = int(datetime.combine(self.since, time(), UTC).timestamp())
        return {
            "Deprecation": f"@{begins}",
            "Sunset": format_date_time(ends.timestamp()),
            "Link": f'<{self.link}>; rel="deprecation"',
        }


Deprecations = Mapping[str, Deprecation]
"""By operation id."""


class Deprecated:
    """Adds the headers to the answers of deprecated operations, errors too, and counts who still calls them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        deprecations: Deprecations = scope["app"].state.deprecations if scope["type"] == "http" else {}

        async def said(message: Message) -> None:
            route = scope.get("route")
            if message["type"] == "http.response.start" and isinstance(route, APIRoute):
                operation = operation_id(route)
                if (found := deprecations.get(operation)) is not None:
                    headers = MutableHeaders(scope=message)
                    for name, value in found.headers().items():
                        headers.append(name, value)
                    telemetry.DEPRECATED_CALLS.labels(operation, _client(scope)).inc()
            await send(message)

        await self.app(scope, receive, said if deprecations else send)


def mark(document: dict[str, Any], deprecations: Deprecations) -> None:
    """Mark deprecated operations in an OpenAPI document; the gate of releases reads `x-sunset`."""
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and (found := deprecations.get(operation.get("operationId", ""))):
                operation["deprecated"] = True
                operation["x-deprecated-since"] = found.since.isoformat()
                operation["x-sunset"] = found.sunset.isoformat()
                operation["externalDocs"] = {"url": found.link}


def _client(scope: Scope) -> str:
    """The id of an API key. People are not told apart: a metric is no place for personal data."""
    caller = scope.get("state", {}).get("caller")
    subject = getattr(caller, "subject", "")
    return subject if subject.startswith("key:") else "person"
