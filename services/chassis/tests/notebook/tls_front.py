"""A TLS front of a PostgreSQL server: the embedded server is built without TLS."""

import asyncio
import contextlib
import ssl
import threading
from types import TracebackType
from typing import Self

from .certificates import Signed

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a client asks before its first message when it wants TLS; `S` agrees."""


class TlsFront:
    """Listens on this machine, speaks TLS with those who ask for it, and passes all bytes on to a unix socket."""

    def __init__(self, socket: str, port: int, signed: Signed) -> None:
        self.socket = socket
        self.port = port
        self.encrypted = 0
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(signed.certificate, signed.key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(starting, self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _end(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError), contextlib.closing(writer):
            first = await reader.readexactly(len(SSL_REQUEST))
            if first == SSL_REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self._context)
                self.encrypted += 1
                first = b""
            there, here = await asyncio.open_unix_connection(self.socket)
            with contextlib.closing(here):
                here.write(first)
                await asyncio.wait(
                    [asyncio.create_task(_pass(reader, here)), asyncio.create_task(_pass(there, writer))],
                    return_when=asyncio.FIRST_COMPLETED,
                )


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
