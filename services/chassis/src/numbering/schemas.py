"""Shapes of requests and responses."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from numbering.series import Format


class NumberSeriesBody(Format):
    """The format of future numbers; `next_value` continues the numbers of another program."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prefix": "INV-", "digits": 6, "per_year": True}]})

    next_value: Annotated[int, Field(ge=1, le=999_999_999_999)] | None = None


class NumberSeriesOut(BaseModel):
    """A series with its format and its next number. Version 0 is the built-in format."""

    name: str
    prefix: str
    digits: int
    per_year: bool
    gapless: bool = Field(description="No number is skipped; the next one can be set only before the first.")
    next_value: int
    next_number: str = Field(description="With the current year, if the series has years.")
    version: int


class NumberSeriesList(BaseModel):
    """All series of the service."""

    items: list[NumberSeriesOut]
