"""The declaration of teams, which the ERP owns."""

from party.people import team_filters
from records import READ_ONLY, Record

from crm.people.employees.records import EMPLOYEES
from crm.people.teams.events import TEAM
from crm.people.teams.models import Team
from crm.people.teams.schemas import TeamFilters, TeamOut

TEAMS = Record(
    "team",
    path="/v1/teams",
    scope="employees",
    row=Team,
    out=TeamOut,
    filters=TeamFilters,
    sort=("name", "created_at", "updated_at"),
    verbs=READ_ONLY,
    kind=TEAM,
    where=team_filters(Team),
    refers={"lead_id": EMPLOYEES},
)
