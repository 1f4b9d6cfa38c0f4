"""HTTP of roles and of their assignments."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.errors import NotFound
from chassis.pages import Page, Paging
from chassis.preconditions import SeenIfThere, SeenVersion, etag
from fastapi import APIRouter, Depends, Path, Query, Response

from access import commands, queries
from access.api_keys import routes as api_keys
from access.limits import Limit, limits_of
from access.schemas import AssignmentBody, AssignmentOut, RoleBody, RoleList, RoleName, RoleOut, Subject

READ = requires("access:read")
Writer = Annotated[Principal, requires("access:write")]
Name = Annotated[RoleName, Path(description="The name of a role, as in the claim `roles`.")]
Of = Annotated[Subject, Path(description="The `sub` of a person's tokens, or `key:` and the id of an API key.")]
Limits = Annotated[Sequence[Limit], Depends(limits_of)]
roles = APIRouter(prefix="/v1/roles", tags=["access"])
assignments = APIRouter(prefix="/v1/role-assignments", tags=["access"])
Answer = TypeVar("Answer", RoleOut, AssignmentOut)
routers = (roles, assignments, api_keys.router)


@roles.get("", dependencies=[READ])
async def list_roles(session: Session) -> RoleList:
    """All roles with the scopes that they grant: the built-in ones, and those of the tenant."""
    return RoleList(items=await queries.roles(session))


@roles.get("/{name}", dependencies=[READ])
async def read_role(name: Name, session: Session, response: Response) -> RoleOut:
    """One role, with the `ETag` to replace it."""
    return _tagged(await queries.role(session, name), response)


@roles.put("/{name}", dependencies=[audited])
async def declare_role(
    name: Name, body: RoleBody, session: Session, caller: Writer, seen: SeenIfThere, response: Response
) -> RoleOut:
    """Declare a role of your own, or replace a built-in one for your tenant. It takes effect within ten seconds.

    `scopes` may contain those that you have yourself; who does not see all records declares no role.
    """
    add_facts(session, scopes=body.scopes)
    return _tagged(await commands.declare(session, name, body, caller, seen.check), response)


@roles.delete("/{name}", status_code=204, dependencies=[audited])
async def delete_role(name: Name, session: Session, caller: Writer, seen: SeenVersion) -> None:
    """Delete a declared role. A built-in one is as it was built in; another grants nothing where it is assigned."""
    await commands.withdraw(session, name, caller, seen.check)


@assignments.get("", dependencies=[READ])
async def list_role_assignments(
    session: Session, paging: Paging, role: Annotated[RoleName | None, Query(description="Only its bearers.")] = None
) -> Page[AssignmentOut]:
    """Who has which roles. Roles in the claim `roles` of a token are not listed: only its issuer knows them."""
    shape = AssignmentOut.model_validate
    return await paging.page(session, queries.assignments(role), queries.ORDERS, lambda row: shape(row[0]))


@assignments.get("/{subject}", dependencies=[READ])
async def read_role_assignment(subject: Of, session: Session, response: Response) -> AssignmentOut:
    """The roles that are assigned to a subject, with the `ETag` to change them."""
    row = await queries.assignment(session, subject)
    if row is None:
        raise NotFound(subject=subject)
    return _tagged(AssignmentOut.model_validate(row), response)


@assignments.put("/{subject}", dependencies=[audited])
async def assign_roles(
    subject: Of,
    body: AssignmentBody,
    session: Session,
    caller: Writer,
    limits: Limits,
    seen: SeenIfThere,
    response: Response,
) -> AssignmentOut:
    """Assign roles to a subject, in place of those that it had. They take effect within ten seconds.

    Roles may grant what you have yourself. A token that names scopes of ours keeps to these, whatever its roles.
    """
    add_facts(session, roles=body.roles)
    row = await commands.assign(session, subject, body, caller, limits, seen.check)
    return _tagged(AssignmentOut.model_validate(row), response)


@assignments.delete("/{subject}", status_code=204, dependencies=[audited])
async def unassign_roles(subject: Of, session: Session, caller: Writer, seen: SeenVersion) -> None:
    """Take all assigned roles from a subject. Those in its tokens stay."""
    await commands.unassign(session, subject, caller, seen.check)


def _tagged(answer: Answer, response: Response) -> Answer:
    response.headers["ETag"] = etag(answer.version)
    return answer
