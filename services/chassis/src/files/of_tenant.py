"""The contents of all files of one tenant, for those who export or delete it as a whole."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from chassis.settings import Settings
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from files.models import RecordFile, UnusedObject
from files.settings import FileSettings
from files.storage import storage


class Content(NamedTuple):
    """One object of the storage."""

    key: str
    size_bytes: int


async def used(session: AsyncSession) -> Sequence[Content]:
    """The objects of the files of the session's tenant."""
    wanted = select(RecordFile.object_key, RecordFile.size_bytes).order_by(RecordFile.id)
    return [Content(*row) for row in await session.execute(wanted)]


async def opened(settings: Settings, content: Content) -> AsyncIterator[bytes]:
    """The bytes of an object. Raises `ContentLost`, `StorageAway`."""
    return await storage(_url(settings)).open(content.key, 0, content.size_bytes)


async def remove_all(session: AsyncSession, settings: Settings) -> int:
    """Remove the objects of the session's tenant, unused ones too; returns their number. Repeating it is harmless."""
    keys = list(await session.scalars(select(RecordFile.object_key).union(select(UnusedObject.object_key))))
    for key in keys:
        await storage(_url(settings)).remove(key)
    return len(keys)


def _url(settings: Settings) -> str:
    if not isinstance(settings, FileSettings):
        raise TypeError("the settings of this service name no storage of files")
    return settings.files_url
