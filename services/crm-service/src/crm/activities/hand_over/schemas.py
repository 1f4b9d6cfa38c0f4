"""Shapes of requests and responses."""

from typing import Self
from uuid import UUID

from contracts.text import refuse
from localisation import Phrase
from pydantic import BaseModel, ConfigDict, Field, model_validator


class HandOver(BaseModel):
    """To whom all goes that an employee owns: one employee, or the members of a team in turn."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to_id": "01900000-0000-7000-8000-00000000000e"}]}
    )

    to_id: UUID | None = Field(default=None, description="The employee who is the new owner.")
    team_id: UUID | None = Field(default=None, description="The team whose members are the new owners, in turn.")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.to_id is None) == (self.team_id is None):
            raise refuse("required", Phrase("give `to_id` or `team_id`, and not both"), "to_id")
        return self
