"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from contracts.text import NameText
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from access.schemas import Scopes

MOST_DAYS = 366
EXAMPLE: dict[str, Any] = {"name": "Web shop", "scopes": ["products:read", "orders:write"]}


class ApiKeyBody(BaseModel):
    """A key as its maker asks for it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    name: NameText = Field(description="What the key is for.")
    scopes: Annotated[Scopes, Field(min_length=1)] = Field(description="Scopes that you have yourself.")
    expires_at: AwareDatetime | None = Field(
        default=None, description=f"At most {MOST_DAYS} days from now, which is also the default."
    )


class ApiKeyOut(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    scopes: list[str]
    prefix: str = Field(description="The part of the key that is no secret, to recognise it by.")
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="Exact to a minute; null when it was never used.")
    revoked_at: datetime | None
    revoked_by: str | None


class ApiKeySecret(ApiKeyOut):
    """The same, with the key itself: keep it, it is not shown again."""

    key: str = Field(description="The bearer token: `Authorization: Bearer concord_...`.")
