"""Teams: employees who work together."""

from modules import Module

from crm.people.teams.records import TEAMS

MODULE = Module(records=(TEAMS,))
