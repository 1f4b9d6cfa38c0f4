"""Shapes of requests and responses."""

from typing import Annotated

from contracts.custom import FieldType
from contracts.text import NameText, ShortText
from pydantic import BaseModel, ConfigDict, Field


class FieldBody(BaseModel):
    """The label and the type of a custom field. Only a `choice` has `choices`."""

    model_config = ConfigDict(extra="forbid")

    label: NameText
    type: FieldType
    choices: Annotated[list[ShortText], Field(max_length=100)] = []


class FieldOut(BaseModel):
    """A declaration; `key` is the name in `custom` of a customer."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    label: str
    type: FieldType
    choices: list[str]
    version: int


class FieldList(BaseModel):
    """All declarations, by key."""

    items: list[FieldOut]
