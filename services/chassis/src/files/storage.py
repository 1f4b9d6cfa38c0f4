"""Objects by key, in a local folder or an object store: streamed in and out, never as a whole in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from chassis.errors import Gone, Unavailable
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig

PART_BYTES = 5 * 1024 * 1024
"""The smallest part that S3 accepts; two of them are in memory at once."""

PIECE_BYTES = 256 * 1024
ANSWER_SECONDS = 600


class StorageAway(Unavailable):
    code = "storage-away"
    title = "The storage of files cannot be used"
    hint = "Send the same request again later; the service's log has the reason."


class ContentLost(Gone):
    code = "content-lost"
    title = "The content of the file is missing in the storage"
    detail = "The storage has no object {key}."
    hint = "Restore the storage from its backup, or remove the file and attach it again."


class Storage:
    """The objects of one address (`FILES_URL`)."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Store an object as it arrives; an error of `pieces` is raised, and leaves no object.

        Raises `StorageAway`.
        """
        with _told():
            await obstore.put_async(self._store, key, pieces, chunk_size=PART_BYTES, max_concurrency=1)

    async def open(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of an object from `start` to before `end`. Raises `ContentLost`, `StorageAway`."""
        with _told():
            try:
                found = await obstore.get_async(self._store, key, options={"range": (start, end)})
            except FileNotFoundError:
                raise ContentLost(key=key) from None
        return _pieces(found)

    async def remove(self, key: str) -> None:
        """Remove an object, if it is there, and the parts that a killed process left of it. Raises `StorageAway`."""
        with _told(), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, key)
        if self._folder is not None:
            await asyncio.to_thread(_remove_parts, self._folder / key)


@cache
def storage(url: str) -> Storage:
    """The storage at an address, one for the process. Raises `StorageAway`."""
    parts = urlsplit(url)
    with _told():
        if parts.scheme == "memory":
            return Storage(MemoryStore())
        if parts.scheme != "file":
            # The scheme of AWS_ENDPOINT_URL decides: a server in the own network may have no TLS.
            options: ClientConfig = {"timeout": timedelta(seconds=ANSWER_SECONDS), "allow_http": True}
            return Storage(from_url(url, client_options=options))
        folder = Path(unquote(parts.path))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Storage(LocalStore(folder), folder)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise StorageAway() from error


async def _pieces(found: "GetResult") -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=PIECE_BYTES):
        yield bytes(piece)


def _remove_parts(path: Path) -> None:
    """The local store writes `NAME#1`, and renames it when it is complete."""
    for part in path.parent.glob(f"{path.name}#*"):
        part.unlink(missing_ok=True)
