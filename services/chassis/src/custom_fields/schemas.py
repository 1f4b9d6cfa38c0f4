"""Shapes of requests and responses."""

from typing import Annotated

from chassis.replication import Shown
from contracts.custom import FieldType
from contracts.text import NameText, ShortText
from pydantic import BaseModel, ConfigDict, Field


class FieldBody(BaseModel):
    """The label and the type of a custom field. Only a `choice` has `choices`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"label": "Delivery window", "type": "choice", "choices": ["morning", "afternoon"]}]
        },
    )

    label: NameText
    type: FieldType
    choices: Annotated[list[ShortText], Field(max_length=100)] = []


class FieldOut(Shown):
    """A declaration; `key` is the name in `custom` of a record."""

    record: str
    key: str
    label: str
    type: FieldType
    choices: list[str]


class FieldList(BaseModel):
    """All declarations, by key."""

    items: list[FieldOut]
