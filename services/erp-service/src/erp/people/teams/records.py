"""Declarations of teams."""

from typing import Any
from uuid import UUID

from party.records import entered, team_record
from records import ReferenceUnknown, reads, routes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.people.employees.records import EMPLOYEES
from erp.people.teams.events import TEAM
from erp.people.teams.models import Team
from erp.people.teams.schemas import TeamBody, TeamOut


async def _members_are_known(session: AsyncSession, _row: Team, values: dict[str, Any]) -> None:
    found = await reads.by_ids(session, EMPLOYEES, [UUID(each) for each in values["member_ids"]])
    for number, member in enumerate(values["member_ids"]):
        if UUID(member) not in found:
            raise ReferenceUnknown(kind="employee", id=member, field=f"member_ids[{number}]")


TEAMS = team_record(Team, TEAM, EMPLOYEES, body=TeamBody, out=TeamOut, prepare=_members_are_known)
router = routes(TEAMS, says={"create": entered("a team", "its members are linked there")})
