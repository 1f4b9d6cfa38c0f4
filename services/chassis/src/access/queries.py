"""Reads of roles and assignments, and what a caller may do by them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from chassis.auth import Principal
from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.roles import ROLES, scopes_of
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from access.models import Role, RoleAssignment
from access.schemas import RoleOut

ORDERS = Sorting({"subject": RoleAssignment.subject, "changed_at": RoleAssignment.changed_at}, RoleAssignment.subject,
                 "subject")  # fmt: skip


async def roles(session: AsyncSession) -> list[RoleOut]:
    """All roles in effect, by name."""
    own = {row.name: row for row in await session.scalars(select(Role))}
    return [in_effect(name, own.get(name)) for name in sorted(ROLES.keys() | own.keys())]


async def role(session: AsyncSession, name: str) -> RoleOut:
    """One role in effect. Raises `NotFound`."""
    row = await session.scalar(select(Role).where(Role.name == name))
    if row is None and name not in ROLES:
        raise NotFound(role=name)
    return in_effect(name, row)


def in_effect(name: str, row: Role | None) -> RoleOut:
    """The tenant's declaration, or the built-in role."""
    if row is None:
        built_in = ROLES[name]
        return RoleOut(name=name, purpose=built_in.purpose, scopes=sorted(built_in.scopes), built_in=True, version=0)
    return RoleOut(
        name=name,
        purpose=row.purpose,
        scopes=sorted(row.scopes),
        built_in=name in ROLES,
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


async def assigned(session: AsyncSession, subject: str) -> frozenset[str]:
    """The roles that are assigned to a subject."""
    found = await session.scalar(select(RoleAssignment.roles).where(RoleAssignment.subject == subject))
    return frozenset(found or ())


async def granted(session: AsyncSession, names: Collection[str]) -> frozenset[str]:
    """The scopes that these roles grant together."""
    wanted = select(Role.name, Role.scopes).where(Role.name.in_(names))
    own = {row.name: row.scopes for row in await session.execute(wanted)} if names else {}
    return scopes_of(names, own)


async def unknown(session: AsyncSession, names: Collection[str]) -> Sequence[str]:
    """Those of the names that are no role."""
    declared = set(await session.scalars(select(Role.name).where(Role.name.in_(names))))
    return sorted(set(names) - declared - ROLES.keys())


async def with_roles(session: AsyncSession, caller: Principal) -> Principal:
    """The caller with his assigned roles, and with the scopes of all his roles when his token names none of ours."""
    names = caller.roles | await assigned(session, caller.subject)
    if not caller.by_roles:
        return replace(caller, roles=names)
    scopes = await granted(session, names)
    return replace(caller, roles=names, scopes=scopes if caller.most is None else scopes & caller.most)


async def assignment(session: AsyncSession, subject: str, *, lock: bool = False) -> RoleAssignment | None:
    """The assignment of a subject; None when it has none."""
    wanted = select(RoleAssignment).where(RoleAssignment.subject == subject)
    found: RoleAssignment | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    return found


def assignments(role: str | None) -> Select[RoleAssignment]:
    """All assignments, or those of one role."""
    wanted = select(RoleAssignment)
    return wanted if role is None else wanted.where(RoleAssignment.roles.contains([role]))
