"""What a series of numbers is, and how its numbers look. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated

from contracts.values import Value
from pydantic import Field


class Format(Value):
    """How numbers look: text before them, the fewest digits, and whether the year stands between and begins at 1."""

    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9._-]{0,11}[A-Za-z._-])?$", examples=["INV-"])]
    digits: Annotated[int, Field(ge=1, le=12)]
    per_year: bool

    def start(self, year: int) -> str:
        """What a number of this year begins with. Its end is no digit: no other start is one with digits behind it."""
        return f"{self.prefix}{year:04}-" if self.per_year else self.prefix

    def number(self, year: int, value: int) -> str:
        """The number that has this value."""
        return f"{self.start(year)}{value:0{self.digits}}"

    def meets(self, other: "Format") -> bool:
        """Whether numbers of both may begin with the same text."""
        if self.per_year == other.per_year:
            return self.prefix == other.prefix
        yearly, plain = (self, other) if self.per_year else (other, self)
        return bool(re.fullmatch(re.escape(yearly.prefix) + r"\d{4}-", plain.prefix))


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one kind of record, and how they look unless the tenant declares otherwise.

    Of a `gapless` one no number may ever be left out. One that is not `dated` has no years: its records have no day.
    """

    name: str
    prefix: str
    digits: int = 6
    per_year: bool = False
    gapless: bool = False
    dated: bool = True

    @property
    def usual(self) -> Format:
        """The format that holds as long as nothing is declared."""
        return Format(prefix=self.prefix, digits=self.digits, per_year=self.per_year)
