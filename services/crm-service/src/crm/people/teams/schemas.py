"""Shapes of responses; the shared part is in `party`."""

from party.people import TeamFilters, TeamOut

__all__ = ["TeamFilters", "TeamOut"]
