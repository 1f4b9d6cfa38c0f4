"""Calls to other services: with a timeout, correlation id and trace, and one error for an unavailable service."""

from collections.abc import Container
from typing import Any
from urllib.request import getproxies

import httpx
from adjustments.transport import Transport

from chassis import telemetry
from chassis.edge import CORRELATION_HEADER
from chassis.errors import Unavailable

TOO_MANY_REQUESTS = 429
AWAY = frozenset({TOO_MANY_REQUESTS, *range(500, 600)})
OVERLOADED = frozenset({TOO_MANY_REQUESTS, 502, 503, 504})
"""Statuses that never depend on the content of a call, only on its time."""


class Unreachable(Unavailable):
    """The other service is unavailable, overloaded or failing: the same call may succeed later."""

    code = "unreachable"
    title = "Another service cannot be reached"
    detail = "{address}: {reason}."


class NoAnswer(Unreachable):
    """The other service received the call and did not answer in time; this may be caused by this call alone."""


def create_client(
    address: str = "", *, timeout_seconds: float = 10.0, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client of the service at `address`; close it, or use it in `async with`."""
    return httpx.AsyncClient(
        base_url=address,
        # Services are on one network: compression costs more than the saved bytes.
        headers={"Accept-Encoding": "identity"},
        timeout=httpx.Timeout(timeout_seconds, connect=2.0),
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
        event_hooks={"request": [_say_where_from]},
        transport=transport or (None if getproxies() else Transport()),  # Proxies are those of the environment.
    )


async def _say_where_from(request: httpx.Request) -> None:
    if (correlation := telemetry.correlation_id.get()) is not None:
        request.headers.setdefault(CORRELATION_HEADER, correlation)
    if (parent := telemetry.traceparent()) is not None:
        request.headers.setdefault("traceparent", parent)


async def call(
    client: httpx.AsyncClient, method: str, path: str, *, away: Container[int] = AWAY, **options: Any
) -> httpx.Response:
    """The answer, also when it is a refusal (4xx). Raises `Unreachable` when there is no answer, and for a status in
    `away`."""
    try:
        response = await client.request(method, path, **options)
    except httpx.ReadTimeout as error:
        raise NoAnswer(address=str(client.base_url), reason="received the call and did not answer in time") from error
    except httpx.TransportError as error:
        raise Unreachable(address=str(client.base_url), reason=repr(error)) from error
    if response.status_code in away:
        wait = response.headers.get("Retry-After", "")
        raise Unreachable(
            address=str(client.base_url),
            reason=f"answered {response.status_code}",
            retry_after_seconds=int(wait) if wait.isdecimal() else 1,
        )
    return response
