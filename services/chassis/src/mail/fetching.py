"""Fetching by IMAP, in a thread: what arrived after the message that was fetched last. Nothing is deleted or marked."""

import asyncio
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from mail.servers import Refused, Server, addresses_of

ANSWER_SECONDS = 60.0
MOST_REASON = 500


@dataclass(frozen=True)
class Place:
    """How far a folder was fetched; the numbers of messages are valid with this `validity` (RFC 3501) only."""

    validity: int = 0
    uid: int = 0


@dataclass(frozen=True)
class Fetched:
    """A message as the server has it; without content it is larger than what is fetched."""

    uid: int
    size_bytes: int
    raw: bytes | None


async def fetch(
    server: Server, after: Place, *, most: int, most_bytes: int, folder: str = "INBOX"
) -> tuple[Place, list[Fetched]]:
    """The next messages of a folder, and the place after them. Raises `Refused`."""
    await addresses_of(server)
    return await asyncio.to_thread(_fetch, server, after, most, most_bytes, folder)


def _fetch(server: Server, after: Place, most: int, most_bytes: int, folder: str) -> tuple[Place, list[Fetched]]:
    try:
        with _logged_in(server) as client:
            validity = int(client.select_folder(folder, readonly=True)[b"UIDVALIDITY"])
            last = after.uid if after.validity == validity else 0
            # `n:*` contains the last message even if its number is smaller than n.
            later = sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)[:most]
            found = [_one(client, uid, most_bytes) for uid in later]
    except (IMAPClientError, imaplib.IMAP4.error, OSError, KeyError) as error:
        raise Refused(f"{type(error).__name__}: {error}"[:MOST_REASON]) from error
    return Place(validity, later[-1] if later else last), [each for each in found if each is not None]


def _one(client: IMAPClient, uid: int, most_bytes: int) -> Fetched | None:
    sizes = client.fetch([uid], ["RFC822.SIZE"])
    if uid not in sizes:  # Somebody has deleted it meanwhile.
        return None
    size_bytes = int(sizes[uid][b"RFC822.SIZE"])
    if size_bytes > most_bytes:
        return Fetched(uid, size_bytes, None)
    content = client.fetch([uid], ["BODY.PEEK[]"])
    return Fetched(uid, size_bytes, content[uid][b"BODY[]"]) if uid in content else None


@contextmanager
def _logged_in(server: Server) -> Iterator[IMAPClient]:
    if server.login is None:
        raise Refused("IMAP needs a user and a secret")
    client = IMAPClient(
        server.host,
        port=server.port,
        ssl=server.tls == "tls",
        ssl_context=ssl.create_default_context() if server.tls == "tls" else None,
        timeout=ANSWER_SECONDS,
    )
    try:
        if server.tls == "starttls":
            client.starttls(ssl.create_default_context())
        client.login(server.login.user, server.login.secret)
        yield client
    finally:
        client.shutdown()
