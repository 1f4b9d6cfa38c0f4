"""People: who works here, as the ERP says; owners of customers and deals are among them."""

from crm.people import employees, teams

MODULES = (employees.MODULE, teams.MODULE)
