"""Teams: employees who work together."""

from modules import Module

from erp.people.teams.records import router

MODULE = Module(routers=(router,))
