"""The employees whose records a caller sees."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from contracts.roles import Visibility
from sqlalchemy.ext.asyncio import AsyncSession

Colleagues = Callable[[AsyncSession, str, Visibility], Awaitable[Collection[UUID]]]
"""The ids of the employee with this subject (`own`), and of all in its teams (`team`)."""


async def nobody(_session: AsyncSession, _subject: str, _visibility: Visibility) -> Collection[UUID]:
    """For services that know no employees."""
    return ()
