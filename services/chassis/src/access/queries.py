"""Reads of roles and assignments, and what a caller may do by them."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from chassis.auth import Principal
from chassis.errors import NotFound
from chassis.pages import Sorting
from contracts.roles import ROLES, Visibility, scopes_of
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from access.colleagues import Colleagues, nobody
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
        visibility=Visibility(row.visibility) if row.visibility else None,
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
    return scopes_of(names, {row.name: row.scopes for row in await _declared(session, names)})


async def _declared(session: AsyncSession, names: Collection[str]) -> Sequence[Role]:
    return (await session.scalars(select(Role).where(Role.name.in_(names)))).all() if names else ()


async def unknown(session: AsyncSession, names: Collection[str]) -> Sequence[str]:
    """Those of the names that are no role."""
    declared = set(await session.scalars(select(Role.name).where(Role.name.in_(names))))
    return sorted(set(names) - declared - ROLES.keys())


async def with_roles(session: AsyncSession, caller: Principal, colleagues: Colleagues = nobody) -> Principal:
    """The caller with his assigned roles, the owners whose records he sees by them, and with the scopes of all his
    roles when his token names none of ours."""
    names = caller.roles | await assigned(session, caller.subject)
    own = await _declared(session, names)
    visibility = Visibility.widest(Visibility(row.visibility) for row in own if row.visibility)
    owners = None if visibility is Visibility.ALL else frozenset(await colleagues(session, caller.subject, visibility))
    caller = replace(caller, roles=names, owners=owners)
    if not caller.by_roles:
        return caller
    scopes = scopes_of(names, {row.name: row.scopes for row in own})
    return replace(caller, scopes=scopes if caller.most is None else scopes & caller.most)


async def assignment(session: AsyncSession, subject: str, *, lock: bool = False) -> RoleAssignment | None:
    """The assignment of a subject; None when it has none."""
    wanted = select(RoleAssignment).where(RoleAssignment.subject == subject)
    found: RoleAssignment | None = await session.scalar(wanted.with_for_update() if lock else wanted)
    return found


def assignments(role: str | None) -> Select[RoleAssignment]:
    """All assignments, or those of one role."""
    wanted = select(RoleAssignment)
    return wanted if role is None else wanted.where(RoleAssignment.roles.contains([role]))
