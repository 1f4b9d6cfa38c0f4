"""Shapes of responses; `party` holds what they are in every service."""

from party.people import TeamFilters, TeamOut

__all__ = ["TeamFilters", "TeamOut"]
