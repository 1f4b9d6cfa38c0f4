"""The transport of calls between services, against servers that answer in every way that HTTP/1.1 allows."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from adjustments import transport
from adjustments.transport import Transport

from .certificates import Authority

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def received(reader: asyncio.StreamReader) -> bytes:
    """One request, with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)


class Server:
    """Answers each request on a connection with the same bytes, in these pieces, and counts connections."""

    def __init__(self, *pieces: bytes, close: bool = False) -> None:
        self.pieces = pieces
        self.close = close
        self.connections = 0
        self.requests: list[bytes] = []
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not reader.at_eof():
                self.requests.append(await received(reader))
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                if self.close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server."""
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    number = listening.sockets[0].getsockname()[1]
    scheme = "https" if tls else "http"
    timeout = httpx.Timeout(1.0, connect=1.0)
    async with httpx.AsyncClient(
        base_url=f"{scheme}://127.0.0.1:{number}", transport=Transport(), timeout=timeout
    ) as client:
        yield client
    listening.close()


async def test_calls_one_after_another_share_a_connection() -> None:
    async with running(server := Server(OK)) as client:
        for number in range(3):
            answer = await client.post(f"/things?n={number}", content=b"body", headers={"X-Own": "a"})
            assert (answer.status_code, answer.text) == (200, "hello")
    assert server.connections == 1
    assert server.requests[2].startswith(b"POST /things?n=2 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert server.requests[2].endswith(b"\r\n\r\nbody")
    assert b"\r\nX-Own: a\r\n" in server.requests[2]


async def test_calls_at_the_same_time_have_connections_of_their_own() -> None:
    async with running(server := Server(OK)) as client:
        answers = await asyncio.gather(*(client.get("/") for _ in range(3)))
    assert [answer.text for answer in answers] == ["hello"] * 3
    assert server.connections == 3


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n", OK


@pytest.mark.parametrize("pieces", [CHUNKED, CONTINUED, [bytes([each]) for each in OK]])
async def test_an_answer_may_come_in_any_pieces(pieces: tuple[bytes, ...]) -> None:
    async with running(server := Server(*pieces)) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["hello"] * 2
    assert server.connections == 1


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with running(server := Server(b"HTTP/1.1 200 OK\r\n\r\n", b"hello", close=True)) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["hello"] * 2
    assert server.connections == 2


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"])
async def test_some_answers_have_no_body(head: bytes) -> None:
    async with running(server := Server(head)) as client:
        assert [(await client.get("/")).content for _ in range(2)] == [b"", b""]
    assert server.connections == 1


async def test_an_answer_to_head_has_the_length_of_a_body_that_does_not_come() -> None:
    async with running(Server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as client:
        answer = await client.head("/")
    assert (answer.headers["content-length"], answer.content) == ("5", b"")


async def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    last = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
    async with running(server := Server(last)) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["hello"] * 2
    assert server.connections == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.0)
    async with running(server := Server(OK)) as client:
        assert [(await client.get("/")).text for _ in range(2)] == ["hello"] * 2
    assert server.connections == 2


async def test_a_server_that_does_not_answer_in_time_has_received_the_call() -> None:
    async with running(server := Server()) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.1)
    assert len(server.requests) == 1


@pytest.mark.parametrize("piece", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", b"nonsense\r\n\r\n"])
async def test_half_an_answer_is_an_error(piece: bytes) -> None:
    async with running(Server(piece, close=True)) as client:
        with pytest.raises(httpx.ReadError):
            await client.get("/")


async def test_an_answer_that_is_too_large_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER_BYTES", 4)
    async with running(Server(OK)) as client:
        with pytest.raises(httpx.ReadError, match="more than 4 bytes"):
            await client.get("/")


async def test_a_server_that_is_not_there_is_an_error_of_connecting() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=Transport()) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_a_line_break_in_a_header_is_refused() -> None:
    async with running(server := Server(OK)) as client:
        with pytest.raises(httpx.LocalProtocolError):
            await client.get("/", headers={"X-Own": "a\r\nX-Other: b"})
    assert server.requests == []


async def test_a_call_that_is_given_up_leaves_no_answer_for_the_next() -> None:
    slow = Server(OK)
    release = asyncio.Event()
    original = slow.serve

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        await original(reader, writer)

    slow.serve = serve  # type: ignore[method-assign]  # a server that waits
    async with running(slow) as client:
        given_up = asyncio.create_task(client.get("/first"))
        await asyncio.wait([given_up], timeout=0.1)
        given_up.cancel()
        release.set()
        assert (await client.get("/second")).text == "hello"
    assert given_up.cancelled()
    assert slow.requests[-1].startswith(b"GET /second ")


async def test_the_certificate_of_a_server_must_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed.certificate, signed.key)
    async with running(Server(OK), context) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with running(Server(OK), context) as client:
        assert (await client.get("/")).text == "hello"
