"""The declaration of teams, which the ERP owns."""

from party.records import team_record
from records import READ_ONLY

from crm.people.employees.records import EMPLOYEES
from crm.people.teams.events import TEAM
from crm.people.teams.models import Team

TEAMS = team_record(Team, TEAM, EMPLOYEES, verbs=READ_ONLY)
