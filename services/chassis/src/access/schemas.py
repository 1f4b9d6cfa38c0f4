"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any

from contracts.roles import Visibility
from contracts.scopes import SCOPES
from contracts.text import ShortText, one_line, refuse
from localisation import Phrase
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MOST_ROLES_OF_ONE = 20


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise refuse(
            "choice", Phrase("there is no scope {scope!r}; GET /v1/roles shows those of each role", scope=scope)
        )
    return scope


def _once(values: list[str]) -> list[str]:
    return sorted(set(values))


ScopeName = Annotated[str, Field(max_length=60), AfterValidator(_known)]
Scopes = Annotated[list[ScopeName], Field(max_length=len(SCOPES)), AfterValidator(_once)]
RoleName = ShortText
Subject = Annotated[str, Field(min_length=1, max_length=255), BeforeValidator(one_line)]
VISIBILITY = (
    "Whose records its bearers see, among those that have an owner: their own, those of their teams, or all. Of "
    "several roles the widest counts; null says nothing, and all is seen if no role says anything."
)
EXAMPLE: dict[str, Any] = {"purpose": "Sell at trade fairs.", "scopes": ["customers:read", "customers:write"]}


class RoleBody(BaseModel):
    """What a role is for, and what it permits. A role without scopes only bears limits, such as that of discounts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    purpose: Annotated[str, Field(max_length=200), BeforeValidator(one_line)] = ""
    scopes: Scopes
    visibility: Visibility | None = Field(default=None, description=VISIBILITY)


class RoleOut(BaseModel):
    """A role as it is in effect. Version 0 is a built-in role that the tenant has not replaced."""

    name: str
    purpose: str
    scopes: list[str]
    visibility: Visibility | None = Field(default=None, description=VISIBILITY)
    built_in: bool = Field(description="Whether every tenant has it; deleting a replaced one brings it back.")
    version: int
    changed_by: str | None = None
    changed_at: datetime | None = None


class RoleList(BaseModel):
    """All roles, by name."""

    items: list[RoleOut]


class AssignmentBody(BaseModel):
    """The roles of a subject, in place of those that were assigned before."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"roles": ["sales"]}]})

    roles: Annotated[list[RoleName], Field(min_length=1, max_length=MOST_ROLES_OF_ONE), AfterValidator(_once)]


class AssignmentOut(BaseModel):
    """The roles that are assigned to a subject, beside those in the claim `roles` of its tokens."""

    model_config = ConfigDict(from_attributes=True)

    subject: str
    roles: list[str]
    version: int
    changed_by: str
    changed_at: datetime
