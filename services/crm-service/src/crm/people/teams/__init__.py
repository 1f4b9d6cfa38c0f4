"""Teams: groups of employees."""

from modules import Module
from party.colleagues import colleagues_of

from crm.people.employees.models import Employee
from crm.people.teams.models import Team
from crm.people.teams.records import TEAMS

MODULE = Module(records=(TEAMS,), colleagues=colleagues_of(Employee, Team))
