"""Objects and the rows that use them: which of the two is written first, and which objects may be removed.

Before an object is stored, a row of `unused_objects` is committed. The transaction that begins to use the object
deletes that row; the one that ends its use writes it again. So an object without a user is always found, whatever was
killed, and no object is removed that this database does not name.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from chassis.db import Sessions, transaction, uuid7
from chassis.errors import TooLarge, TooSlow
from localisation import Counted
from sqlalchemy import delete, func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from files.models import UnusedObject
from files.storage import Storage

UPLOAD_HOURS = 2
"""Longer than `UPLOAD_SECONDS` can be."""

MARGIN_MINUTES = 10
"""Longer than a transaction can be: the worker removes no object that one is beginning to use."""

KEPT_HOURS = 24
"""The object of a removed file stays for a day: a copy of the storage has all objects of a database copied before."""


class FileTooLarge(TooLarge):
    code = "file-too-large"
    title = "The file is too large"
    detail = Counted("The limit of a file is {limit} byte.", "The limit of a file is {limit} bytes.", by="limit")
    hint = "Compress or split the file; the operator sets the limit."


class UploadExpired(TooSlow):
    code = "upload-expired"
    title = "The upload took too long"


@dataclass(frozen=True)
class Stored:
    """An object that was stored, and that no row uses yet."""

    key: str
    size_bytes: int
    sha256: str


async def store(
    sessions: Sessions, storage: Storage, service: str, tenant: UUID, pieces: AsyncIterator[bytes], most_bytes: int
) -> Stored:
    """Store an object under a new key, as it arrives. Raises `FileTooLarge`, `StorageAway`; then there is none."""
    key = f"{service}/{tenant}/{uuid7()}"
    async with transaction(sessions, tenant) as session:
        due_at = func.now() + timedelta(hours=UPLOAD_HOURS)
        await session.execute(insert(UnusedObject).values(object_key=key, size_bytes=0, due_at=due_at))
    digest, size_bytes = sha256(), 0

    async def measured() -> AsyncIterator[bytes]:
        nonlocal size_bytes
        async for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > most_bytes:
                raise FileTooLarge(limit=most_bytes)
            digest.update(piece)
            yield piece

    await storage.put(key, measured())
    return Stored(key, size_bytes, digest.hexdigest())


async def use(session: AsyncSession, key: str) -> None:
    """Begin to use a stored object in this transaction. Raises `UploadExpired` when the worker may remove it."""
    still = UnusedObject.due_at > func.now() + timedelta(minutes=MARGIN_MINUTES)
    unused = delete(UnusedObject).where(UnusedObject.object_key == key, still).returning(UnusedObject.object_key)
    if await session.scalar(unused) is None:
        raise UploadExpired()


async def disuse(session: AsyncSession, key: str, size_bytes: int) -> None:
    """End the use of an object in this transaction; the worker removes it a day later."""
    due_at = func.now() + timedelta(hours=KEPT_HOURS)
    await session.execute(insert(UnusedObject).values(object_key=key, size_bytes=size_bytes, due_at=due_at))
