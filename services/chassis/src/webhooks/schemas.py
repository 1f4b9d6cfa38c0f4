"""Shapes of requests and responses."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from contracts.text import NotesText, ShortText
from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from webhooks.models import MessageState

EXAMPLE: dict[str, Any] = {"url": "https://shop.example.com/hooks/concord", "kinds": ["customer", "order"]}
_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)


def _address(text: str) -> str:
    url = _URL.validate_python(text)
    if url.username or url.password or url.fragment:
        raise PydanticCustomError("url", "an address without a login and without a fragment")
    return str(url)


Address = Annotated[str, Field(min_length=8, max_length=2000, pattern=r"^https?://"), AfterValidator(_address)]
EventType = Annotated[str, Field(max_length=120, pattern=r"^[a-z_]+\.[a-z_]+\.[a-z_]+\.v\d{1,3}$")]


class WebhookBody(BaseModel):
    """A webhook as its users write it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    url: Address = Field(description="Where messages are posted: HTTPS, on the public internet.")
    kinds: Annotated[list[ShortText], Field(min_length=1, max_length=100)] = Field(
        description="Kinds of records of which events are sent: those that the token may read."
    )
    types: Annotated[list[EventType], Field(max_length=50)] = Field(
        default=[], description="Types of events, `crm.customer.changed.v1`; all of the kinds, if none is given."
    )
    description: NotesText = ""
    enabled: bool = Field(default=True, description="While it is false nothing is sent; events wait.")


class WebhookOut(BaseModel):
    """A webhook. Its secret is shown when it is made and when it is rotated, and never again."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    url: str
    kinds: list[str]
    types: list[str]
    description: str
    enabled: bool
    disabled_reason: str | None = Field(description="Why we have disabled it; enabling it takes this away.")
    position: int = Field(description="Events up to this position of the feed are messages.")
    failures: int = Field(description="How often in a row the receiver has failed.")
    paused_until: datetime | None = Field(description="While the receiver fails: when it is tried again.")
    previous_until: datetime | None = Field(description="Until then messages are signed with the former secret too.")
    created_by: str
    created_at: datetime
    updated_at: datetime


class WebhookSecret(WebhookOut):
    """The same, with the secret that signs its messages: keep it, it is not shown again."""

    secret: str = Field(description="`whsec_` and the key in base64, as Standard Webhooks says.")


class WebhookMessageOut(BaseModel):
    """One event for one webhook, and how far it is. `status` and `error` are those of the last attempt."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    webhook_id: UUID
    event_id: UUID = Field(description="The `webhook-id` of the message, the same in every attempt.")
    type: str
    record_id: str = Field(validation_alias="key")
    position: int
    state: MessageState
    attempts: int
    due_at: datetime
    status: int | None
    error: str | None
    attempted_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class WebhookFilters(BaseModel):
    """What a list may be narrowed by."""

    enabled: bool | None = None


class WebhookMessageFilters(BaseModel):
    """What a list may be narrowed by; all that are given must hold."""

    webhook_id: UUID | None = None
    state: MessageState | None = None
    event_id: UUID | None = None
