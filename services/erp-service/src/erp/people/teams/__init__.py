"""Teams: groups of employees."""

from modules import Module
from party.colleagues import colleagues_of

from erp.people.employees.models import Employee
from erp.people.teams.models import Team
from erp.people.teams.records import router

MODULE = Module(routers=(router,), colleagues=colleagues_of(Employee, Team))
