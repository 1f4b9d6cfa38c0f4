"""HTTP/1.1 for httpx by the parser that uvicorn uses.

httpx's own transport parses in Python: a small call between two services costs it 1.9 ms of processor time, of which
this one needs a tenth. It has what calls between services need: connections that are kept, TLS, and timeouts. Answers
are read whole, up to a limit; there are no proxies and no HTTP/2.
"""

import asyncio
import ssl
import time
from collections import defaultdict, deque
from typing import cast

import httptools
import httpx

MOST_IDLE = 10
IDLE_SECONDS = 4.0
"""Shorter than the time after which servers close an idle connection: a call must not meet the end of its own."""

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
Origin = tuple[bytes, str, int]


class Transport(httpx.AsyncBaseTransport):
    """A transport of `httpx.AsyncClient`."""

    def __init__(self) -> None:
        self._idle: dict[Origin, deque[_Connection]] = defaultdict(deque)
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises the errors of httpx."""
        seconds = request.extensions.get("timeout", {})
        origin, content = _origin(request.url), _head(request) + await request.aread()
        connection = self._kept(origin) or await self._connect(origin, seconds.get("connect"))
        try:
            async with asyncio.timeout(seconds.get("read")):
                response = await connection.exchange(content, without_body=request.method == "HEAD")
        except TimeoutError as error:
            raise httpx.ReadTimeout("the answer did not come in time", request=request) from error
        except (OSError, httptools.HttpParserError) as error:
            raise httpx.ReadError(f"the connection failed: {error!r}", request=request) from error
        finally:
            if connection.reusable and len(self._idle[origin]) < MOST_IDLE:
                self._idle[origin].append(connection)
            else:
                connection.close()
        return response

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    def _kept(self, origin: Origin) -> "_Connection | None":
        kept = self._idle[origin]
        while kept:
            connection = kept.pop()
            if connection.reusable and time.monotonic() - connection.used_at < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin, seconds: float | None) -> "_Connection":
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        if scheme == b"https" and self._tls is None:
            self._tls = httpx.create_ssl_context()
        context = self._tls if scheme == b"https" else None
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(_Connection, host, port, ssl=context)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {host}:{port} in time") from error
        except OSError as error:
            raise httpx.ConnectError(f"no connection to {host}:{port}: {error}") from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with one exchange at a time. `reusable` says whether another one may follow."""

    def __init__(self) -> None:
        self.reusable = False
        self.used_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[httpx.Response] | None = None
        self._without_body = self._has_length = self._ends_with_connection = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._bytes = 0
        self._parser = httptools.HttpResponseParser(self)

    async def exchange(self, request: bytes, *, without_body: bool) -> httpx.Response:
        """Send a request and wait for its answer. Raises OSError or `HttpParserError`."""
        self.reusable, self._without_body = False, without_body
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._begin()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the server has closed the connection")
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.close()  # Nobody has asked for it.
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        if self._ends_with_connection and error is None:
            self._complete()
        self._fail(error or ConnectionResetError("the server has closed the connection without an answer"))

    # What the parser calls.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        self._has_length |= name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self._without_body:
            self._complete()
        elif status >= 200 and not self._has_length and status not in (204, 304):
            self._ends_with_connection = True

    def on_body(self, body: bytes) -> None:
        self._bytes += len(body)
        if self._bytes > LARGEST_ANSWER_BYTES:
            self._fail(OSError(f"the answer has more than {LARGEST_ANSWER_BYTES} bytes"))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._begin()  # "100 Continue" and the like precede the answer.
        else:
            self.reusable = self._parser.should_keep_alive()
            self._complete()

    def _begin(self) -> None:
        self._headers, self._body, self._bytes = [], [], 0
        self._has_length = self._ends_with_connection = False

    def _complete(self) -> None:
        if self._answer is None or self._answer.done():
            return
        self.used_at = time.monotonic()
        stream, status = httpx.ByteStream(b"".join(self._body)), self._parser.get_status_code()
        more = {"http_version": b"HTTP/1.1"}
        self._answer.set_result(httpx.Response(status, headers=self._headers, stream=stream, extensions=more))

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.close()


def _origin(url: httpx.URL) -> Origin:
    return url.raw_scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % (name, value) for name, value in request.headers.raw]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise httpx.LocalProtocolError("a header contains a line break", request=request)
    return b"\r\n".join(lines) + b"\r\n\r\n"
