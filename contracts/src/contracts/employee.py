"""Values of the groups of an employee and of a team."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self

from localisation import Phrase
from pydantic import Field, model_validator

from contracts.references import AnyReference
from contracts.text import ShortText, refuse
from contracts.values import SHORTEST, Value, exact, short

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


Hours = Annotated[Decimal, Field(ge=0, le=24, max_digits=4, decimal_places=2), exact("hours"), SHORTEST, short(2)]
"""Hours of one day, 0 to 24 with at most two decimals, a string in JSON."""


class WorkingTime(Value):
    """How many hours a person works on each day of the week."""

    monday: Hours = Decimal(0)
    tuesday: Hours = Decimal(0)
    wednesday: Hours = Decimal(0)
    thursday: Hours = Decimal(0)
    friday: Hours = Decimal(0)
    saturday: Hours = Decimal(0)
    sunday: Hours = Decimal(0)


class Employment(Value):
    """From which day to which a person works here."""

    entered_on: date | None = None
    left_on: date | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.entered_on and self.left_on and self.entered_on > self.left_on:
            raise refuse(
                "employment",
                Phrase(
                    "entered_on {entered_on} is after left_on {left_on}",
                    entered_on=self.entered_on,
                    left_on=self.left_on,
                ),
            )
        return self


class Membership(Value):
    """One member of a team, by the id that the sender gives the employee."""

    employee: ShortText


class GoldenMembership(Membership):
    """The same in the hub."""

    employee: AnyReference  # type: ignore[assignment]  # the one field that the hub names in its own way
