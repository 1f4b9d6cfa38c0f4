"""What `files.of_tenant` does, for services that have files; the gateway has none."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from chassis.settings import Settings
from sqlalchemy.ext.asyncio import AsyncSession


class Contents(Protocol):
    """The contents of the files of one tenant."""

    async def used(self, session: AsyncSession) -> Sequence[Any]:
        """The objects of the files of the session's tenant, each with its `key`."""
        ...

    async def opened(self, settings: Settings, content: Any) -> AsyncIterator[bytes]:
        """The bytes of an object."""
        ...

    async def remove_all(self, session: AsyncSession, settings: Settings) -> int:
        """Remove all objects of the session's tenant; returns their number."""
        ...
