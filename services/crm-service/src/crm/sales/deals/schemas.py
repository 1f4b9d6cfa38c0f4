"""Shapes of requests and responses."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from contracts.custom import OwnValues
from contracts.decimals import InCurrency
from contracts.product import Fraction, Quantity, UnitPrice
from contracts.text import NameText, NotesText, Optional, OptionalNameText, OptionalShortText, refuse
from contracts.values import Amount, CurrencyCode, Money, Number, Value
from lines.amounts import net_of
from party.owners import OwnerId
from party.schemas import OWNER_BY_DEFAULT, OWNER_NAME, OWNERS
from pydantic import BaseModel, ConfigDict, Field, model_validator

from crm.sales.deals.models import Deal, DealStage
from crm.sales.deals.rules import DEFAULT, ContactRole, Pipeline, StageKey

State = Literal["open", "won", "lost"]


class DealLineBody(BaseModel):
    """A line of a deal as a client sends it; with `id` an existing one. The price is before tax."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, description="The id of an existing line.")
    product_id: UUID
    description: OptionalNameText = Field(default=None, description="Default: the product's name.")
    quantity: Quantity
    unit_price: Optional[UnitPrice] = Field(
        default=None, description="The price that the customer would pay; default: the price of the price lists."
    )
    discount: Fraction = Field(default=Decimal(0), description='A fraction: five percent is "0.05".')


class DealContact(Value):
    """A contact of the customer, or of another company, with its role."""

    contact_id: UUID
    role: ContactRole


class DealBody(BaseModel):
    """A deal as a client sends it. `move` changes its stage, `win` or `lose` closes it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Tea for the canteen",
                    "customer_id": "01900000-0000-7000-8000-00000000000a",
                    "amount": "12000.00",
                    "currency": "EUR",
                    "expected_close": "2026-12-31",
                }
            ]
        },
    )

    name: NameText
    customer_id: UUID
    contact_id: UUID | None = None
    amount: UnitPrice | None = Field(default=None, description="With lines it is their sum, and can be omitted.")
    currency: Optional[CurrencyCode] = None
    expected_close: date | None = None
    source: OptionalShortText = Field(default=None, description="The origin of the deal.")
    owner_id: UUID | None = Field(default=None, description="The employee who owns the deal. " + OWNER_BY_DEFAULT)
    notes: NotesText = ""
    lines: Annotated[list[DealLineBody], Field(max_length=200)] = []
    contacts: Annotated[list[DealContact], Field(max_length=50)] = []
    competitors: Annotated[list[NameText], Field(max_length=20)] = []
    checks: Annotated[list[NameText], Field(max_length=100)] = Field(
        default=[], description="What of the check lists of the pipeline's stages is done."
    )
    custom: OwnValues = {}

    @model_validator(mode="after")
    def _an_amount_has_a_currency(self) -> Self:
        if self.amount is not None and self.currency is None and not self.lines:
            raise refuse("required", "an amount needs its currency: send `currency` too", "currency")
        return self


class NewDeal(DealBody):
    """A new deal; the default stage is the pipeline's first."""

    pipeline: StageKey = DEFAULT
    stage: StageKey | None = None


class Move(BaseModel):
    """The target stage, and the place there: without `after_id` the deal keeps its position."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"stage": "proposal"}]})

    stage: StageKey
    after_id: UUID | None = Field(default=None, description="The deal before it at that stage; null: the first place.")


class Won(BaseModel):
    """The reason and the date of the win; the default date is today."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Price", "closed_on": "2026-11-20"}]}
    )

    reason: OptionalNameText = None
    closed_on: date | None = None


class Lost(BaseModel):
    """The reason and the date of the loss; the default date is today."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Price", "closed_on": "2026-11-20"}]}
    )

    reason: NameText
    closed_on: date | None = None


class DealListed(InCurrency):
    """A deal in a list, without its lines. `probability` is that of its stage, a fraction."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: UUID
    version: int
    name: str
    customer_id: UUID
    contact_id: UUID | None
    pipeline: str
    stage: str
    probability: Number
    state: State
    reason: str | None
    closed_on: date | None
    amount: Money | None
    currency: str | None
    expected_close: date | None
    close_moved: int = Field(description="How often one expected close was replaced by another.")
    source: str | None
    owner_id: UUID | None
    owner_name: str | None = Field(description=OWNER_NAME)
    notes: str
    created_at: datetime
    updated_at: datetime
    custom: dict[str, Any]


class DealLineOut(BaseModel):
    """A line of a deal, before tax."""

    id: UUID
    product_id: UUID
    description: str
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction
    net: Amount


class DealOut(DealListed):
    """A whole deal. With lines, `amount` is the sum of their `net`."""

    lines: list[DealLineOut]
    contacts: list[DealContact]
    competitors: list[str]
    checks: list[str]

    @classmethod
    def of(cls, row: Deal) -> Self:
        """The answer for a row."""
        shown: dict[str, Any] = {name: getattr(row, name) for name in cls.model_fields}
        shown["lines"] = [{**dict(line), "net": net_of(line, row.currency or "")} for line in row.written()]
        return cls.model_validate(shown)


class DealFilters(BaseModel):
    """Filters of the list; all given filters must match."""

    q: str | None = Field(default=None, max_length=200, description="The beginnings of words in the name.")
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    pipeline: str | None = None
    stage: str | None = None
    state: State | None = None
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    owner_name: str | None = Field(default=None, description="The text of an owner that no employee is matched to yet.")
    closes_from: date | None = None
    closes_until: date | None = None


class PipelineOut(Pipeline):
    """A pipeline by its key; version 0 is the built-in one."""

    key: str
    version: int


class PipelineList(BaseModel):
    """All pipelines."""

    items: list[PipelineOut]


class StageStay(BaseModel):
    """A stay of a deal at a stage. `left_to` is the next stage, or `won` or `lost`."""

    model_config = ConfigDict(from_attributes=True)

    stage: str
    entered_at: datetime
    entered_by: str
    left_at: datetime | None
    left_to: str | None
    days: int = Field(description="The full days at the stage, until now for the current one.")

    @classmethod
    def of(cls, row: DealStage, now: datetime) -> Self:
        """The answer for a row."""
        plain = {name: getattr(row, name) for name in cls.model_fields.keys() - {"days"}}
        return cls(**plain, days=((row.left_at or now) - row.entered_at).days)


class StageHistory(BaseModel):
    """The stays of a deal at its stages, in the order of time."""

    items: list[StageStay]


class BoardSum(InCurrency):
    """The deals of a stage in one currency; `weighted` is the amount by the probability of each deal."""

    model_config = ConfigDict(from_attributes=True)

    currency: str | None = Field(description="Null for deals without an amount.")
    count: int
    amount: Amount
    weighted: Amount


class BoardColumn(BaseModel):
    """One stage with its open deals: sums over all of them, and the first by their position."""

    stage: str
    name: str
    probability: Number
    count: int
    sums: list[BoardSum]
    deals: list[DealListed]


class Board(BaseModel):
    """The open deals of a pipeline, by stage."""

    pipeline: str
    columns: list[BoardColumn]


def board_of(key: str, pipeline: Pipeline, sums: Iterable[Any], first: Iterable[Deal]) -> Board:
    """The board in the order of the pipeline's stages."""
    summed, shown = defaultdict(list), defaultdict(list)
    for row in sums:
        summed[row.stage].append(BoardSum.model_validate(row))
    for deal in first:
        shown[deal.stage].append(DealListed.model_validate(deal))
    columns = [
        BoardColumn(
            stage=stage.key,
            name=stage.name,
            probability=stage.probability,
            count=sum(each.count for each in summed[stage.key]),
            sums=summed[stage.key],
            deals=shown[stage.key],
        )
        for stage in pipeline.stages
    ]
    return Board(pipeline=key, columns=columns)


class BoardFilters(BaseModel):
    """The pipeline, and the number of deals of each stage."""

    pipeline: StageKey = DEFAULT
    owner_id: OwnerId | None = Field(default=None, description=OWNERS)
    first: int = Field(default=20, ge=0, le=100, description="How many deals of each stage are shown.")
