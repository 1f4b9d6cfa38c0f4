"""Shapes of requests and responses; the shared part is in `party`."""

from party.people import TeamFields, TeamFilters, TeamOut

__all__ = ["TeamBody", "TeamFilters", "TeamOut"]


class TeamBody(TeamFields):
    """A team as a client sends it; only `name` is required."""
