"""People: employees and teams."""

from erp.people import employees, teams

MODULES = (employees.MODULE, teams.MODULE)
