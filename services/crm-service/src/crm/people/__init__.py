"""People: employees, as delivered by the ERP; they own customers and deals."""

from crm.people import employees, teams

MODULES = (employees.MODULE, teams.MODULE)
