"""The first use of each token and each key is in the audit log."""

from datetime import date
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from chassis import clock, telemetry
from chassis.audit import AuditEntry, Unchained
from chassis.auth import Principal
from contracts.roles import OF_MACHINES
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

ACTION = "sign_in"


class Use(NamedTuple):
    """A caller with the token that it presents, as a digest."""

    caller: Principal
    digest: bytes


def use_of(token: str, caller: Principal, today: date) -> Use:
    """Services have a new token every few minutes: their first use of a day counts."""
    is_service = bool(caller.scopes) and caller.scopes <= OF_MACHINES
    told = f"{caller.issuer} {caller.subject} {caller.tenant} {today}" if is_service else token
    return Use(caller, sha256(told.encode()).digest()[:16])


async def note_first(session: AsyncSession, use: Use, by: str) -> None:
    """Note the use, unless any process has noted it: the entry's id is the digest of the token."""
    entry_id = UUID(bytes=use.digest, version=5)
    values = {
        "id": entry_id,
        "at": clock.now(),
        "actor": use.caller.subject,
        "action": ACTION,
        "facts": {"issuer": use.caller.issuer, "by": by},
        "correlation_id": telemetry.correlation_id.get(),
    }
    added = insert(AuditEntry).values(values).on_conflict_do_nothing().returning(AuditEntry.id)
    if await session.scalar(added) is not None:
        session.add(Unchained(entry_id=entry_id))
