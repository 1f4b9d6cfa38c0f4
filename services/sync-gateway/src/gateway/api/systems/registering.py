"""The registration of a system: its shape, and the rules of its address."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from contracts.kinds import Access
from contracts.scopes import audience_of
from localisation import Phrase
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, TypeAdapter, field_validator
from pydantic.config import JsonDict

from gateway.kinds import KINDS
from gateway.kinds.holders import missing

MOST_TENANTS = 1000
HTTP_URL = TypeAdapter(HttpUrl)
SystemName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
RESERVED = frozenset({"sync", "steward", "hub", "gateway", "system"})
"""Names that mean something else in topics, origins of values and reports."""


def _address(text: str) -> str:
    """Raises `ValueError` unless it is the base address of an HTTP server, without credentials."""
    url = HTTP_URL.validate_python(text)
    if url.username or url.password:
        raise ValueError(Phrase("an address contains no user name and no password; the gateway has a token"))
    if url.query or url.fragment:
        raise ValueError(Phrase("an address contains no query and no fragment"))
    return text.rstrip("/")


Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Subject = Annotated[str, Field(min_length=1, max_length=200)]
_EXAMPLE: JsonDict = {
    "address": "https://shop.example.com/concord",
    "kinds": {"customer": "writes", "product": "reads"},
    "tenants": ["0192f000-0000-7000-8000-000000000001"],
    "events": "http",
    "senders": ["shop"],
}


class RegistrationBody(BaseModel):
    """How a system is reached, what it holds, and how it sends its events."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    address: Address = Field(
        description="The base address of its port, http or https: the gateway calls `<address>/replication/v1/<kind>`."
    )
    audience: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="`aud` of the gateway's tokens for it; `concord-<name>` if it is omitted."
    )
    kinds: dict[str, Access] = Field(
        min_length=1, max_length=100, description="Its kinds, and whether it writes each or only reads it."
    )
    tenants: Annotated[list[UUID], Field(min_length=1, max_length=MOST_TENANTS)] | None = Field(
        default=None, description="The tenants whose records it gets and may send; null is all tenants."
    )
    events: Literal["kafka", "http"] = Field(
        default="kafka",
        description="`kafka`: it publishes to `<name>.<kind>.v1`. `http`: it posts to `/v1/systems/{name}/events`.",
    )
    senders: Annotated[list[Subject], Field(max_length=20)] = Field(
        default=[], description="The subjects (`sub`) of the tokens with which it sends events over HTTP."
    )

    @field_validator("kinds")
    @classmethod
    def _known_and_complete(cls, kinds: dict[str, Access]) -> dict[str, Access]:
        if unknown := sorted(kinds.keys() - KINDS.keys()):
            raise ValueError(f"there is no kind {', '.join(unknown)}; there are {', '.join(KINDS)}")
        if lacking := missing(kinds):
            raise ValueError("; ".join(lacking))
        return kinds

    def of(self, name: str) -> dict[str, Any]:
        """The fields of the registration of a system of this name."""
        audience = self.audience or audience_of(name)
        return {**self.model_dump(mode="json"), "kinds": self.kinds, "audience": audience}


class RegistrationOut(BaseModel):
    """The registration of a system; only operators see it."""

    address: str
    audience: str
    kinds: dict[str, Access]
    tenants: list[UUID] | None
    events: Literal["kafka", "http"]
    senders: list[str]
    registered_by: str
    registered_at: datetime
