"""A series of numbers, and its format. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated

from contracts.values import Value
from pydantic import Field


class Format(Value):
    """The format: the text before the digits, the minimum number of digits, and whether it contains the year and
    restarts with it."""

    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]{0,11}[A-Za-z._-])?$", examples=["INV-"])]
    digits: Annotated[int, Field(ge=1, le=12)]
    per_year: bool

    def start(self, year: int) -> str:
        """The text before the digits in this year. It does not end with a digit, so it cannot equal another start
        followed by digits."""
        return f"{self.prefix}{year:04}-" if self.per_year else self.prefix

    def number(self, year: int, value: int) -> str:
        """The number with this value."""
        return f"{self.start(year)}{value:0{self.digits}}"

    def meets(self, other: "Format") -> bool:
        """Whether numbers of both formats can begin with the same text."""
        if self.per_year == other.per_year:
            return self.prefix == other.prefix
        yearly, plain = (self, other) if self.per_year else (other, self)
        return bool(re.fullmatch(re.escape(yearly.prefix) + r"\d{4}-", plain.prefix))


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one kind of record, with the default format.

    A `gapless` series never skips a number. A series that is not `dated` has no years, because its records have no
    date.
    """

    name: str
    prefix: str
    digits: int = 6
    per_year: bool = False
    gapless: bool = False
    dated: bool = True

    @property
    def usual(self) -> Format:
        """The format if none is declared."""
        return Format(prefix=self.prefix, digits=self.digits, per_year=self.per_year)
