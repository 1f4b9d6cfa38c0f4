"""People: who works here, and in which teams."""

from erp.people import employees, teams

MODULES = (employees.MODULE, teams.MODULE)
