"""Teams: groups of employees."""

from modules import Module

from erp.people.teams.records import router

MODULE = Module(routers=(router,))
