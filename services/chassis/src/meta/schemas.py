"""Shapes of the answer."""

from typing import Literal

from pydantic import BaseModel, Field

Type = Literal[
    "text", "integer", "decimal", "boolean", "date", "datetime", "id", "choice", "object", "list", "map", "any"
]


class Labelled(BaseModel):
    """A name of the API with its label."""

    name: str
    label: str


class Choice(BaseModel):
    """A value of an enumeration."""

    value: str
    label: str


class FieldMeta(BaseModel):
    """A field of a record, or of an object inside of one."""

    name: str
    label: str
    type: Type
    required: bool = Field(default=False, description="Whether a record cannot be created without it.")
    writable: bool = Field(default=False, description="Whether the caller may send it when creating or changing.")
    changeable: bool = Field(default=False, description="Whether the caller may change it later.")
    readable: bool = Field(default=True, description="Whether answers contain it.")
    nullable: bool = False
    custom: bool = Field(default=False, description="Whether it is a custom field: a member of `custom`.")
    format: str | None = Field(
        default=None, description="What a text or number is: `email`, `phone`, `currency`, ...", examples=["email"]
    )
    reference: str | None = Field(default=None, description="The record of which it is the id.", examples=["customer"])
    owner: str | None = Field(default=None, description="The system that owns it once the record is synchronised.")
    items: Type | None = Field(default=None, description="The type of the entries of a list.")
    values: list[Choice] | None = Field(default=None, description="The values of a `choice`.")
    fields: "list[FieldMeta] | None" = Field(default=None, description="The fields of an `object`, or of each entry.")
    minimum: str | None = None
    maximum: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    pattern: str | None = None


class StateMeta(BaseModel):
    """A state of a record."""

    value: str
    label: str
    next: list[str] | None = Field(
        default=None, description="The states that may come next, where a table declares them."
    )
    verbs: list[str] | None = Field(
        default=None, description="The verbs that it allows, where they depend on it alone."
    )


class FilterMeta(BaseModel):
    """A filter of the list."""

    name: str
    label: str
    type: Type
    several: bool = Field(description="Whether several values may be given, of which one must match.")
    values: list[Choice] | None = None


class RecordMeta(BaseModel):
    """A record that the caller may read."""

    name: str
    path: str
    label: str
    label_plural: str
    verbs: list[Labelled] = Field(description="Those that the scopes of the caller allow.")
    fields: list[FieldMeta]
    states: list[StateMeta] | None = Field(default=None, description="The states of records that have a field `state`.")
    filters: list[FilterMeta]
    sort: list[Labelled]
    default_sort: str


class Patterns(BaseModel):
    """Patterns of CLDR (UTS 35)."""

    short: str
    medium: str
    long: str


class CurrencyMeta(BaseModel):
    """A currency that is in use (ISO 4217)."""

    code: str
    label: str
    symbol: str
    decimals: int


class Formats(BaseModel):
    """The formats of the locale, by CLDR."""

    locale: str
    decimal: str
    group: str
    percent: str = Field(examples=["#,##0%"])
    currency: str = Field(examples=["#,##0.00 ¤"])
    date: Patterns
    time: Patterns
    datetime: Patterns
    first_day_of_week: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    currencies: list[CurrencyMeta]
    countries: list[Choice]


class LanguageMeta(BaseModel):
    """A language of labels and problems, in its own name."""

    language: str
    label: str


class Meta(BaseModel):
    """Labels, fields, states and formats, in the language of `Accept-Language`."""

    language: str
    languages: list[LanguageMeta]
    formats: Formats
    records: list[RecordMeta]
