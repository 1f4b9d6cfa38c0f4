"""Reads of the quarantine."""

from uuid import UUID

from chassis.errors import NotFound
from chassis.pages import Sorting
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from gateway.api.quarantine.schemas import QuarantineFilters
from gateway.store.quarantine import Quarantined

ORDERS = Sorting({"held_at": Quarantined.id}, Quarantined.id, "-held_at")


class NoSuchMessage(NotFound):
    code = "no-such-message"
    title = "The quarantine contains no such message"
    hint = "GET /v1/quarantine lists the ids."


async def by_id(session: AsyncSession, message_id: UUID, *, lock: bool = False) -> Quarantined:
    """One message, with a lock until the transaction ends if requested. Raises `NoSuchMessage`."""
    row = await session.get(Quarantined, message_id, with_for_update=lock or None)
    if row is None:
        raise NoSuchMessage(id=message_id)
    return row


def search(filters: QuarantineFilters) -> Select[Quarantined]:
    """The messages that match every filter, without their bodies, because some are large."""
    wanted = filters.model_dump(exclude_none=True)
    bodiless = select(Quarantined).options(defer(Quarantined.value), defer(Quarantined.headers))
    return bodiless.where(*(getattr(Quarantined, name) == value for name, value in wanted.items()))
