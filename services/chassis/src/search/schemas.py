"""Shapes of the search over all records."""

from uuid import UUID

from pydantic import BaseModel, Field


class Hit(BaseModel):
    """A record that has all the words."""

    record: str = Field(description="The name of the record, as in `GET /v1/meta`.", examples=["customer"])
    label: str = Field(description="That name, in the language of `Accept-Language`.", examples=["Customer"])
    id: UUID
    path: str = Field(description="Where the record is read.", examples=["/v1/customers/01a2264c-e1a0-7209"])
    title: str
    number: str | None = None
    state: str | None = None
    snippet: str | None = Field(default=None, description="The text that has a word, when it is not in the title.")


class Hits(BaseModel):
    """What was found, record by record."""

    items: list[Hit]
    more: list[str] = Field(description="The records that have more matches than are shown: list them with `q`.")
