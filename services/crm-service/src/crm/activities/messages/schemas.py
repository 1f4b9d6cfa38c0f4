"""Shapes of requests and responses."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from contracts.custom import OwnValues
from contracts.text import NameText, OptionalNameText, OptionalShortText, ShortText, refuse
from contracts.values import Moment, Value
from localisation import Phrase
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

from crm.activities.messages.rules import (
    JSON,
    PLACEHOLDERS,
    Driver,
    Medium,
    TextMessageState,
    request_of,
    unknown_placeholders,
)

MOST_TEXT = 4_000
WRITTEN_ONLY = "The key of the gateway. It is sealed, and never shown; without it the stored one stays."
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
HeaderText = Annotated[str, Field(max_length=1_000, pattern=r"^[\x20-\x7e]*$")]
Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
Direction = Literal["in", "out"]
Encoding = Literal["json", "form"]


class Gateway(Value):
    """The request of a gateway, with `$to`, `$from`, `$text`, `$id` and `$secret` in the place of values.

    It has taken a message when it answers with 2xx.
    """

    url: Annotated[str, Field(max_length=2_000, pattern=r"^https?://[^\s@/]+(/\S*)?$")]
    encoding: Encoding = Field(default="json", description="How `body` is encoded: JSON, or as a form of HTML.")
    headers: Annotated[dict[str, HeaderText], Field(default_factory=dict, max_length=20)]
    body: Annotated[str, Field(min_length=1, max_length=4_000)]

    @model_validator(mode="after")
    def _can_be_filled(self) -> Self:
        if wrong := [name for name in self.headers if not HEADER_NAME.fullmatch(name)]:
            raise refuse("header", Phrase("these are no names of headers: {names}", names=", ".join(wrong)), "headers")
        texts = {"body": self.body} | {f"headers.{name}": each for name, each in self.headers.items()}
        for part, template in texts.items():
            if unknown := unknown_placeholders(template):
                names = {"unknown": ", ".join(unknown), "known": ", ".join(f"${name}" for name in PLACEHOLDERS)}
                raise refuse("placeholder", Phrase("unknown placeholders: {unknown}; known: {known}", **names), part)
        if self.encoding == JSON:
            filled = request_of(self.model_dump(), dict.fromkeys(PLACEHOLDERS, '"')).body
            try:
                json.loads(filled)
            except ValueError:
                raise refuse("json", Phrase("the body is not JSON when its placeholders are filled"), "body") from None
        return self


class MessageChannelBody(BaseModel):
    """A channel. With the driver `http` it needs a gateway."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "SMS",
                    "medium": "sms",
                    "driver": "http",
                    "sender": "+4942112345",
                    "gateway": {
                        "url": "https://sms.example/v1/messages",
                        "headers": {"Authorization": "Bearer $secret"},
                        "body": '{"to": "$to", "from": "$from", "text": "$text", "reference": "$id"}',
                    },
                }
            ]
        },
    )

    name: NameText
    medium: Medium
    driver: Driver = Driver.LOG
    sender: OptionalShortText = Field(default=None, description="Our number or name there.")
    gateway: Gateway | None = None
    secret: Annotated[str | None, Field(min_length=1, max_length=4000)] = Field(default=None, description=WRITTEN_ONLY)
    enabled: bool = Field(default=True, strict=True)
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _has_what_its_driver_needs(self) -> Self:
        if self.driver == Driver.HTTP and self.gateway is None:
            raise refuse("required", Phrase("the driver `http` needs a gateway"), "gateway")
        return self


class MessageChannelOut(PlainOut):
    """A channel. `trouble` is the last refusal of the gateway, until it works again."""

    name: str
    medium: Medium
    driver: Driver
    sender: str | None
    gateway: Gateway | None
    has_secret: bool
    enabled: bool
    trouble: str | None
    custom: dict[str, Any]


class MessageChannelFilters(Filters):
    """Filters of the list; all given filters must match."""

    medium: Medium | None = None
    enabled: bool | None = None


class TextMessageBody(BaseModel):
    """A message to send. Without `to` it goes to the telephone of the contact, the customer or the lead."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channel_id": "01900000-0000-7000-8000-00000000000a",
                    "to": "+49300074321",
                    "text": "Your tea is on its way.",
                }
            ]
        },
    )

    channel_id: UUID
    to: OptionalShortText = None
    text: Text
    marketing: bool = Field(default=False, strict=True, description="Whether the person must have consented.")
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    lead_id: UUID | None = None


class ReceivedTextMessage(BaseModel):
    """A message that a channel has got. The same `external_id` of a channel again changes nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channel_id": "01900000-0000-7000-8000-00000000000a",
                    "sender": "+49300074321",
                    "text": "Twelve cases, please.",
                    "external_id": "SM-1",
                }
            ]
        },
    )

    channel_id: UUID
    sender: ShortText
    text: Text
    external_id: ShortText = Field(description="The id that the gateway gives it.")
    sent_at: Moment | None = None


class TextMessageOut(BaseModel):
    """A message. `party` is the other side's number or name; `reason` is why it was not sent."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    channel_id: UUID
    direction: Direction
    state: TextMessageState
    reason: str | None
    party: str
    text: str
    marketing: bool
    external_id: str | None
    customer_id: UUID | None
    contact_id: UUID | None
    lead_id: UUID | None
    sent_at: datetime | None
    attempts: int
    due_at: datetime | None = Field(description="When it is sent next.")


class TextMessageFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    channel_id: UUID | None = None
    direction: Direction | None = None
    state: TextMessageState | None = None
    party: OptionalNameText = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    lead_id: UUID | None = None
