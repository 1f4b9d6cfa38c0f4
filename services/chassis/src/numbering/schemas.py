"""Shapes of requests and responses."""

from typing import Annotated

from pydantic import BaseModel, Field

from numbering.series import Format


class NumberSeriesBody(Format):
    """How numbers look from now on; `next_value` lets them go on from there, for those of another program before."""

    next_value: Annotated[int, Field(ge=1, le=999_999_999_999)] | None = None


class NumberSeriesOut(BaseModel):
    """A series: how its numbers look, and the one that is given next. Version 0 is the built-in format."""

    name: str
    prefix: str
    digits: int
    per_year: bool
    gapless: bool = Field(description="No number is ever left out; the next one can be set before the first only.")
    next_value: int
    next_number: str = Field(description="With the year of today, where the series has years.")
    version: int


class NumberSeriesList(BaseModel):
    """All series of the service."""

    items: list[NumberSeriesOut]
