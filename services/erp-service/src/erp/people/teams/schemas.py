"""Shapes of requests and responses; `party` holds what they are in every service."""

from party.people import TeamFields, TeamFilters, TeamOut

__all__ = ["TeamBody", "TeamFilters", "TeamOut"]


class TeamBody(TeamFields):
    """A team as its users write it; only `name` is required."""
