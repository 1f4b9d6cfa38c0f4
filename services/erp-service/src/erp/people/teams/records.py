"""Declarations of teams."""

from typing import Any
from uuid import UUID

from party.people import team_filters
from records import Record, ReferenceUnknown, reads, routes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.people.employees.records import EMPLOYEES
from erp.people.teams.events import TEAM
from erp.people.teams.models import Team
from erp.people.teams.schemas import TeamBody, TeamFilters, TeamOut


async def _members_are_known(session: AsyncSession, _row: Team, values: dict[str, Any]) -> None:
    found = await reads.by_ids(session, EMPLOYEES, [UUID(each) for each in values["member_ids"]])
    for number, member in enumerate(values["member_ids"]):
        if UUID(member) not in found:
            raise ReferenceUnknown(kind="employee", id=member, field=f"member_ids[{number}]")


TEAMS = Record(
    "team",
    path="/v1/teams",
    scope="employees",
    row=Team,
    body=TeamBody,
    out=TeamOut,
    filters=TeamFilters,
    sort=("name", "created_at", "updated_at"),
    kind=TEAM,
    where=team_filters(Team),
    refers={"lead_id": EMPLOYEES},
    prepare=_members_are_known,
)
router = routes(
    TEAMS,
    says={
        "create": (
            "Enter a team. It is synchronised to the other systems within moments, once its members is linked there."
        )
    },
)
