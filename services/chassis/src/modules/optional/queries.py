"""Reads of what a tenant has turned off."""

from chassis.errors import NotFound
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from modules.optional.models import OptionalModule
from modules.optional.options import OptionalModules
from modules.optional.schemas import ModuleOut


async def every(session: AsyncSession, options: OptionalModules) -> list[ModuleOut]:
    """All optional modules, by name."""
    rows = {row.name: row for row in await session.scalars(select(OptionalModule))}
    return [shown(options, name, rows.get(name)) for name in sorted(options.names)]


async def one(session: AsyncSession, name: str, *, lock: bool = False) -> OptionalModule | None:
    """What the tenant has decided about a module; None when nothing."""
    wanted = select(OptionalModule).where(OptionalModule.name == name)
    found: OptionalModule | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    return found


def shown(options: OptionalModules, name: str, row: OptionalModule | None) -> ModuleOut:
    """A module as it is shown. Raises `NotFound` for a name that no optional module has."""
    if name not in options.names:
        raise NotFound(module=name)
    scopes = sorted(options.scopes_without({name}))
    if row is None:
        return ModuleOut(name=name, enabled=True, scopes=scopes, version=0)
    return ModuleOut(
        name=name,
        enabled=row.enabled,
        scopes=scopes,
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
