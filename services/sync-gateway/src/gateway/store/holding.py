"""What each system holds, kept in the hub for the processes that are not told.

What a system begins to hold is due there, all of it. What it holds no longer is not delivered any more.
"""

from collections.abc import Mapping
from typing import Any

from contracts.kinds import Access
from sqlalchemy import Row, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import KINDS
from gateway.kinds.holders import Holdings, declared, tenants_of
from gateway.store.deliveries import Delivery
from gateway.store.records import Record
from gateway.store.registrations import Registration
from gateway.store.systems import SYSTEMS, comparison, register

GIVE_UP = text("delete from deliveries where system = :system and kind = any(:kinds)")
GIVE_UP_TENANTS = text("""
    delete from deliveries where system = :system and tenant_id <> all(cast(:tenants as uuid[]))
    """)


async def stored(session: AsyncSession) -> dict[str, dict[str, Access]]:
    """What each system holds, as the worker was told last, or as it is registered."""
    columns = SYSTEMS.c.name, SYSTEMS.c.kinds, SYSTEMS.c.registration
    rows = await session.execute(select(*columns).where(~SYSTEMS.c.leaving).order_by(SYSTEMS.c.name))
    return {row.name: _held(row) for row in rows}


async def hold(session: AsyncSession, holdings: Holdings) -> None:
    """Store what systems hold. What one begins to hold becomes due there, what it gives up is not delivered."""
    await register(session, sorted(holdings))
    for name, kinds in sorted(holdings.items()):
        columns = SYSTEMS.c.kinds, SYSTEMS.c.tenants, SYSTEMS.c.registration
        before = (await session.execute(select(*columns).where(SYSTEMS.c.name == name).with_for_update())).one_or_none()
        limit = tenants_of(kinds)
        tenants = None if limit is None else sorted(str(each) for each in limit)
        if before is None or (before.kinds, before.tenants) == (kinds, tenants):
            continue
        held = set(before.kinds) if before.kinds is not None else await _held_until_now(session, name, before)
        if given_up := sorted(held - kinds.keys()):
            await session.execute(GIVE_UP, {"system": name, "kinds": given_up})
        if tenants is not None:
            await session.execute(GIVE_UP_TENANTS, {"system": name, "tenants": tenants})
        await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(kinds=dict(kinds), tenants=tenants))
        await _compare(
            session, name, sorted(kinds), sorted(kinds.keys() - held), more=_has_more(before.tenants, tenants)
        )


async def _compare(session: AsyncSession, name: str, kinds: list[str], begun: list[str], *, more: bool) -> None:
    """Compare all records if there are some of kinds, or of tenants, that are new to the system."""
    because = f"it now holds {', '.join(begun)}" if begun else "it now serves more tenants"
    if await session.scalar(select(exists().where(Record.kind.in_(kinds if more else begun)))):
        joins = comparison(because, joining=True)
        await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(joins))


def _has_more(before: list[str] | None, now: list[str] | None) -> bool:
    """Whether there is a tenant that the system did not serve before; None is all."""
    return before is not None and (now is None or not set(now) <= set(before))


async def _held_until_now(session: AsyncSession, name: str, row: Row[Any, Any, Any]) -> set[str]:
    """A system of which no kinds are stored: new, or of a version in which each held every kind."""
    if row.registration is not None:
        return set()
    known = await session.scalar(select(exists().where(Delivery.system == name)))
    return set(KINDS) if known else set()


def _held(row: Row[Any, Any, Any]) -> dict[str, Access]:
    if row.registration is not None:
        return Registration.of(row.registration).held
    return _read(row.kinds) if row.kinds is not None else declared(row.name)


def _read(kinds: Mapping[str, str]) -> dict[str, Access]:
    return {kind: Access(access) for kind, access in kinds.items()}
