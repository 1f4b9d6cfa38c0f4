"""Sending by SMTP: several messages over one connection, each with an outcome of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage

import aiosmtplib

from mail.servers import CONNECT_SECONDS, Refused, Server, addresses_of

SEND_SECONDS = 60.0
MOST_REASON = 500
PERMANENT = range(500, 600)


class Connection:
    """An open connection to a server."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client

    async def send(self, message: EmailMessage, sender: str, recipients: list[str]) -> None:
        """Send one message. Raises `Refused`; other recipients may have been accepted then."""
        try:
            refused, _ = await self._client.send_message(message, sender=sender, recipients=recipients)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _of_recipients({each.recipient: each for each in error.recipients}) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Refused(f"{type(error).__name__}: {error}"[:MOST_REASON]) from error
        if refused:
            told = "; ".join(f"{each}: {code} {text}" for each, (code, text) in refused.items())
            raise Refused(told[:MOST_REASON], permanent=True)


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Connection]:
    """A connection to a server, logged in. Raises `Refused`."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=None,
        sock=await _socket(server),
        use_tls=server.tls == "tls",
        start_tls=server.tls == "starttls",
        timeout=SEND_SECONDS,
    )
    try:
        await client.connect()
        if server.login is not None:
            await client.login(server.login.user, server.login.secret)
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        raise Refused(f"{error.code} {error.message}"[:MOST_REASON]) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        raise Refused(f"{type(error).__name__}: {error}"[:MOST_REASON]) from error
    try:
        yield Connection(client)
    finally:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
        client.close()


async def _socket(server: Server) -> socket.socket:
    """Connected to an address that was checked, so that the name cannot mean another one a moment later."""
    failure: Exception = Refused(f"{server.host} has no address")
    for address in await addresses_of(server):
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(made, (address, server.port))
        except OSError as error:  # A timeout is one too.
            made.close()
            failure = error
        else:
            return made
    raise Refused(f"{server.host}:{server.port} does not answer: {failure}") from failure


def _refusal(code: int, text: str) -> Refused:
    return Refused(f"{code} {text}"[:MOST_REASON], permanent=code in PERMANENT)


def _of_recipients(refused: dict[str, aiosmtplib.SMTPRecipientRefused]) -> Refused:
    told = "; ".join(f"{name}: {each.code} {each.message}" for name, each in refused.items())
    return Refused(told[:MOST_REASON], permanent=all(each.code in PERMANENT for each in refused.values()))
