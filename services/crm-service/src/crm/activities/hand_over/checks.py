"""Who can be handed something over."""

from collections.abc import Sequence
from uuid import UUID

from chassis.errors import Conflict
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from crm.activities.hand_over.schemas import HandOver
from crm.people.employees.records import EMPLOYEES
from crm.people.teams.records import TEAMS


class SameOwner(Conflict):
    code = "same-owner"
    title = "An employee does not hand over to itself"
    hint = "Name another employee in `to_id`."


class NewOwnerArchived(Conflict):
    code = "new-owner-archived"
    title = "The new owner is archived"
    detail = "{name} is archived since {archived_at}."
    hint = "Name an employee who works here."


class NobodyInTeam(Conflict):
    code = "nobody-in-team"
    title = "The team has nobody else"
    hint = "Name a team with another member who works here, or an employee in `to_id`."


async def successors(session: AsyncSession, employee_id: UUID, body: HandOver) -> Sequence[UUID]:
    """The new owners, in the order of their turns. Raises `NotFound`, `ReferenceUnknown`, and the errors above."""
    await reads.by_id(session, EMPLOYEES, employee_id)
    if body.to_id is not None:
        return [await _successor(session, employee_id, body.to_id)]
    return await _members(session, employee_id, body.team_id) if body.team_id is not None else []


async def _members(session: AsyncSession, employee_id: UUID, team_id: UUID) -> Sequence[UUID]:
    team = await reads.referred(session, TEAMS, team_id, "team_id")
    members = await reads.by_ids(session, EMPLOYEES, team.member_ids)
    found = sorted(each.id for each in members.values() if each.archived_at is None and each.id != employee_id)
    if not found:
        raise NobodyInTeam(field="team_id")
    return found


async def _successor(session: AsyncSession, employee_id: UUID, to_id: UUID) -> UUID:
    if to_id == employee_id:
        raise SameOwner(field="to_id")
    to = await reads.referred(session, EMPLOYEES, to_id, "to_id")
    if to.archived_at is not None:
        raise NewOwnerArchived(name=to.name, archived_at=to.archived_at.isoformat(), field="to_id")
    return to.id
