"""Shapes of requests and responses."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: dict[str, Any] = {"enabled": False}


class ModuleBody(BaseModel):
    """Whether a module is on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    enabled: bool


class ModuleOut(BaseModel):
    """A module that a tenant can turn off. Version 0 is one that was never turned off."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    enabled: bool
    scopes: list[str] = Field(description="The scopes that nobody has while this module alone is off.")
    version: int
    changed_by: str | None = None
    changed_at: datetime | None = None


class ModuleList(BaseModel):
    """All optional modules, by name."""

    items: list[ModuleOut]
