"""Shapes of requests and responses; the shared part is in `party`."""

from typing import Any

from contracts.custom import OwnValues
from party import people
from party.people import TeamFields
from pydantic import Field


class TeamBody(TeamFields):
    """A team as a client sends it; only `name` is required."""

    custom: OwnValues = Field(default={})


class TeamOut(people.TeamOut):
    """A team; `member_ids` are its employees."""

    custom: dict[str, Any]
