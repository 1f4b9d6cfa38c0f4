"""Shapes of requests and responses."""

from datetime import date
from typing import Any, Self
from uuid import UUID

from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import UnitPrice
from contracts.text import refuse
from contracts.values import CurrencyCode, Money
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import Filters, PlainOut

MOST_DAYS = 1_100


class QuotaBody(BaseModel):
    """A quota as a client sends it, of an employee or of a team."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "employee_id": "01900000-0000-7000-8000-00000000000e",
                    "first_day": "2026-10-01",
                    "last_day": "2026-12-31",
                    "amount": "120000.00",
                    "currency": "EUR",
                }
            ]
        },
    )

    employee_id: UUID | None = None
    team_id: UUID | None = None
    first_day: date
    last_day: date
    amount: UnitPrice = Field(description="Before tax.")
    currency: CurrencyCode
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _of_one_and_in_order(self) -> Self:
        if (self.employee_id is None) == (self.team_id is None):
            raise refuse("quota", "a quota is of an employee or of a team: send one of both", "employee_id")
        if not 0 <= (self.last_day - self.first_day).days <= MOST_DAYS:
            raise refuse("period", "the last day must be within three years after the first", "last_day")
        return self


class QuotaOut(InCurrency, PlainOut):
    """A quota."""

    employee_id: UUID | None
    team_id: UUID | None
    first_day: date
    last_day: date
    amount: Money
    currency: str
    custom: dict[str, Any]


class QuotaFilters(Filters):
    """Filters of the list; all given filters must match."""

    employee_id: UUID | None = None
    team_id: UUID | None = None
    currency: str | None = None
    day: date | None = Field(default=None, description="A day of the period.")
