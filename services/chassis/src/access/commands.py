"""Declare, replace and delete roles, and assign them. A caller grants at most what he has."""

from collections.abc import Callable, Collection, Sequence

from chassis.auth import Principal
from chassis.errors import Malformed, NotFound
from contracts.roles import ROLES
from localisation import Phrase
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from access import queries
from access.limits import Limit
from access.models import GrantExceedsOwn, Role, RoleAssignment, TooManyRoles
from access.schemas import AssignmentBody, AssignmentOut, RoleBody, RoleOut

MOST_ROLES = 100
Seen = Callable[[int, RoleOut | AssignmentOut], None]


def check_scopes(caller: Principal, scopes: Collection[str]) -> None:
    """Raises `GrantExceedsOwn` for scopes that the caller lacks, and for any by a caller who does not see all records:
    by what it grants it could. Scopes of a module that is off may be granted."""
    if caller.owners is not None:
        raise GrantExceedsOwn(exceeding="the sight of all records", missing=["visibility"])
    if lacking := sorted(set(scopes) - caller.scopes - caller.withheld):
        raise GrantExceedsOwn(exceeding=" ".join(lacking), missing=lacking)


async def declare(session: AsyncSession, name: str, body: RoleBody, caller: Principal, seen: Seen) -> RoleOut:
    """Declare a role, or replace one that the caller has `seen`, a built-in one too.

    Raises `GrantExceedsOwn`, `TooManyRoles`.
    """
    check_scopes(caller, body.scopes)
    row = await _locked(session, name)
    if row is None:
        if (await session.scalar(select(func.count()).select_from(Role)) or 0) >= MOST_ROLES:
            raise TooManyRoles(most=MOST_ROLES)
        row = Role(name=name, version=0)
        session.add(row)
    else:
        seen(row.version, queries.in_effect(name, row))
    row.purpose, row.scopes, row.visibility = body.purpose, list(body.scopes), body.visibility
    row.count_on(caller.subject)
    await session.flush()
    return queries.in_effect(name, row)


async def withdraw(session: AsyncSession, name: str, caller: Principal, seen: Seen) -> None:
    """Delete a declared role; a built-in one is in effect again, which grants its scopes.

    Raises `NotFound`, `GrantExceedsOwn`.
    """
    row = await _locked(session, name)
    if row is None:
        raise NotFound(role=name)
    seen(row.version, queries.in_effect(name, row))
    check_scopes(caller, ROLES[name].scopes - set(row.scopes) if name in ROLES else ())
    await session.delete(row)


async def assign(
    session: AsyncSession, subject: str, body: AssignmentBody, caller: Principal, limits: Sequence[Limit], seen: Seen
) -> RoleAssignment:
    """Assign these roles to a subject, in place of those before, which the caller has `seen`.

    Raises `Malformed` for a name that is no role, `GrantExceedsOwn`.
    """
    if unknown := await queries.unknown(session, body.roles):
        message = Phrase(
            "no such role: {unknown}; GET /v1/roles lists them, PUT /v1/roles/{{name}} declares one",
            unknown=", ".join(unknown),
        )
        raise Malformed(errors=[{"field": "roles", "code": "choice", "message": message}])
    row = await queries.assignment(session, subject, lock=True)
    if row is None:
        row = RoleAssignment(subject=subject, version=0, roles=[])
        session.add(row)
    else:
        seen(row.version, AssignmentOut.model_validate(row))
    await _check_roles(session, caller, frozenset(body.roles) - frozenset(row.roles), limits)
    row.roles = list(body.roles)
    row.count_on(caller.subject)
    await session.flush()
    return row


async def unassign(session: AsyncSession, subject: str, caller: Principal, seen: Seen) -> None:
    """Take all assigned roles from a subject. Raises `NotFound`, `GrantExceedsOwn`."""
    check_scopes(caller, ())
    row = await queries.assignment(session, subject, lock=True)
    if row is None:
        raise NotFound(subject=subject)
    seen(row.version, AssignmentOut.model_validate(row))
    await session.delete(row)


async def _check_roles(
    session: AsyncSession, caller: Principal, added: frozenset[str], limits: Sequence[Limit]
) -> None:
    """A limit beyond the caller's own is granted by those who may declare it."""
    check_scopes(caller, await queries.granted(session, added))
    for limit in limits:
        if set(limit.declared_with) <= caller.scopes | caller.withheld:
            continue
        most, own = await limit.of(session, added), await limit.of(session, caller.roles)
        if most > own:
            raise GrantExceedsOwn(exceeding=f"the limit {most} of {limit.name}", limit=limit.name, own=str(own))


async def _locked(session: AsyncSession, name: str) -> Role | None:
    found: Role | None = await session.scalar(select(Role).where(Role.name == name).with_for_update())
    return found
