"""One request to a receiver: never into a private network, never along a redirect, and never for long."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import httpcore

from webhooks.rules import is_public

SECONDS = 15.0
MOST_ANSWER_BYTES = 64 * 1024
EXCERPT = 500
CONNECTIONS = 100


class NotPublic(httpcore.ConnectError):
    """The host is in a private network, or has an address there."""


class Attempt(NamedTuple):
    """What came of one request: the status of the answer, or None without one; and what went wrong."""

    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Network(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that it has checked, so that a name cannot mean another one a moment later."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the interface of httpcore)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that answers. Raise `NotPublic` when one of them is private."""
        addresses = await self._addresses(host, port)
        if not self._private and not all(map(is_public, addresses)):
            raise NotPublic(f"{host} is not on the public internet")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Part of the interface: what waits between the attempts of a connection."""
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known: {error}") from error
        return list(dict.fromkeys(str(each[4][0]) for each in found))


def pool(*, private: bool) -> httpcore.AsyncConnectionPool:
    """Connections to receivers; `private` lets them be anywhere."""
    return httpcore.AsyncConnectionPool(
        max_connections=CONNECTIONS, keepalive_expiry=30, network_backend=Network(private=private)
    )


async def post(connections: httpcore.AsyncConnectionPool, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
    """Send one message. Whatever the receiver does, this ends in time and raises nothing of the network."""
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    try:
        async with asyncio.timeout(SECONDS), connections.stream("POST", url, headers=sent, content=body) as answer:
            said = await _beginning(answer)
            error = None if 200 <= answer.status < 300 else f"HTTP {answer.status} {said}".strip()
            return Attempt(answer.status, error)
    except TimeoutError:
        return Attempt(None, f"no answer within {SECONDS:g} seconds")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError) as error:
        return Attempt(None, f"{type(error).__name__}: {error}"[:EXCERPT])


async def _beginning(answer: httpcore.Response) -> str:
    read = b""
    async for part in answer.aiter_stream():
        read += part[: MOST_ANSWER_BYTES - len(read)]
        if len(read) >= MOST_ANSWER_BYTES:
            break
    return read[:EXCERPT].decode("utf-8", "replace")
