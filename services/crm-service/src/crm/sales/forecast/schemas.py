"""Shapes of requests and responses."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from contracts.decimals import InCurrency
from contracts.text import refuse
from contracts.values import Amount, Number
from party.owners import OwnerId
from party.schemas import OWNERS
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm.sales.deals.rules import DEFAULT, StageKey

MOST_DAYS = 1_100
Day = Annotated[date, Field(description="A day of the company's time zone.")]


class PeriodFilters(BaseModel):
    """The first and the last day, at most three years apart, and the owners."""

    first_day: Day
    last_day: Day
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    team_id: UUID | None = Field(default=None, description="Deals that are owned by a member of this team now.")
    as_format: Literal["json", "csv", "svg", "png"] = Field(
        default="json", alias="format", description="`svg` and `png` are charts."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days <= MOST_DAYS:
            raise refuse("period", "the last day must be within three years after the first", "last_day")
        return self


class ForecastFilters(PeriodFilters):
    """The period in which deals close."""

    pipeline: StageKey | None = None
    frozen_at: date | None = Field(
        default=None,
        description="The forecast as it was frozen in the week of this day, or the last one before; by months.",
    )


class FunnelFilters(PeriodFilters):
    """The cohort: the deals of a pipeline that were entered in the period."""

    pipeline: StageKey = DEFAULT


class ForecastRow(InCurrency):
    """The deals of one owner that closed or are expected to close in one month, in one currency.

    `committed` and `best_case` are the open amounts with a probability of at least 0.75 and 0.5, `open` is all of
    them, `weighted` each by its probability.
    """

    model_config = ConfigDict(from_attributes=True)

    month: date = Field(description="The first day of the month.")
    owner_id: UUID | None
    currency: str
    won: Amount
    committed: Amount
    best_case: Amount
    open: Amount
    weighted: Amount
    won_count: int
    open_count: int


class QuotaRow(InCurrency):
    """A quota of the period, and the deals of its employee or team that closed or are expected to close in its own
    period, in its currency. `attained` is the fraction of it that was won."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    employee_id: UUID | None
    team_id: UUID | None
    first_day: date
    last_day: date
    currency: str
    amount: Amount
    won: Amount
    committed: Amount
    best_case: Amount
    open: Amount
    weighted: Amount
    attained: Number | None


class Forecast(BaseModel):
    """The rows by month, owner and currency. Deals without an amount or an expected close are left out."""

    items: list[ForecastRow]
    quotas: list[QuotaRow] | None = Field(description="The quotas of the period; null in a frozen forecast.")
    frozen_at: datetime | None = Field(description="When a frozen forecast was frozen.")


class FunnelStage(BaseModel):
    """What became of the deals of the cohort at one stage; a deal that entered it twice is counted once.

    `conversion` is the fraction of the entered deals that reached a later stage or were won.
    """

    stage: str
    name: str
    entered: int
    advanced: int
    won: int
    lost: int
    conversion: Number | None = Field(description="Null if no deal entered the stage.")
    median_days: Number | None = Field(description="The median time of ended stays, in days; null without one.")


class LossReason(BaseModel):
    """How many deals of the cohort were won or lost for a reason."""

    model_config = ConfigDict(from_attributes=True)

    state: str
    reason: str | None
    source: str | None
    count: int


class Funnel(BaseModel):
    """The funnel of a cohort. `win_rate` is the fraction of the closed deals that were won."""

    pipeline: str
    entered: int
    won: int
    lost: int
    win_rate: Number | None = Field(description="Null if no deal is closed.")
    stages: list[FunnelStage]
    reasons: list[LossReason] = Field(description="Closed deals by state, reason and source; at most 500.")
