"""What each system holds, kept in the hub for the processes that are not told.

What a system begins to hold is due there, all of it. What it holds no longer is not delivered any more.
"""

from collections.abc import Mapping

from contracts.kinds import Access
from sqlalchemy import exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.kinds import KINDS
from gateway.kinds.holders import Holdings, declared
from gateway.store.deliveries import Delivery
from gateway.store.records import Record
from gateway.store.systems import SYSTEMS, comparison, register

GIVE_UP = text("delete from deliveries where system = :system and kind = any(:kinds)")


async def stored(session: AsyncSession) -> dict[str, dict[str, Access]]:
    """What each system holds, as the worker was told last."""
    rows = await session.execute(select(SYSTEMS.c.name, SYSTEMS.c.kinds).order_by(SYSTEMS.c.name))
    return {row.name: _read(row.kinds) if row.kinds is not None else declared(row.name) for row in rows}


async def hold(session: AsyncSession, holdings: Holdings) -> None:
    """Store what systems hold. What one begins to hold becomes due there, what it gives up is not delivered."""
    await register(session, sorted(holdings))
    for name, kinds in sorted(holdings.items()):
        locked = select(SYSTEMS.c.kinds).where(SYSTEMS.c.name == name).with_for_update()
        before = await session.scalar(locked)
        if before == kinds:
            continue
        held = set(before) if before is not None else await _held_until_now(session, name)
        if given_up := sorted(held - kinds.keys()):
            await session.execute(GIVE_UP, {"system": name, "kinds": given_up})
        await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(kinds=dict(kinds)))
        begun = sorted(kinds.keys() - held)
        if await session.scalar(select(exists().where(Record.kind.in_(begun)))):
            joins = comparison(f"it now holds {', '.join(begun)}", joining=True)
            await session.execute(update(SYSTEMS).where(SYSTEMS.c.name == name).values(joins))


async def _held_until_now(session: AsyncSession, name: str) -> set[str]:
    """A system of which no kinds are stored: new, or of a version in which each held every kind."""
    known = await session.scalar(select(exists().where(Delivery.system == name)))
    return set(KINDS) if known else set()


def _read(kinds: Mapping[str, str]) -> dict[str, Access]:
    return {kind: Access(access) for kind, access in kinds.items()}
