"""Teams: groups of employees."""

from modules import Module

from crm.people.teams.records import TEAMS

MODULE = Module(records=(TEAMS,))
