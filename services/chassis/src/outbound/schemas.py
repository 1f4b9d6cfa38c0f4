"""Shapes of requests and responses."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from contracts.text import ShortText
from pydantic import BaseModel, ConfigDict, Field


class TopicState(StrEnum):
    """`waiting`: events are still to be published; `failing`: the broker refuses the topic, or does not answer."""

    PUBLISHED = "published"
    WAITING = "waiting"
    FAILING = "failing"
    DISABLED = "disabled"


class OutboundTopicBody(BaseModel):
    """What a tenant publishes of a kind."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"without": ["phone", "email"]}]})

    without: Annotated[list[ShortText], Field(max_length=50)] = Field(
        default=[],
        description="Groups that are left out, personal data for example; `custom` stands for all custom fields.",
    )
    enabled: bool = Field(default=True, description="While it is false nothing is published; events wait.")


class OutboundTopicOut(OutboundTopicBody):
    """A kind that a tenant publishes, and how far it is."""

    kind: str
    topic: str = Field(description="The name of the topic on Kafka.")
    version: int
    state: TopicState
    position: int = Field(description="Events up to this position of the feed are in the topic.")
    error: str | None = Field(description="Why the last attempt failed.")
    changed_by: str
    changed_at: datetime


class OutboundTopicList(BaseModel):
    """All topics of a tenant that this service publishes."""

    items: list[OutboundTopicOut]
    kinds: list[str] = Field(description="The kinds that this service can publish.")
