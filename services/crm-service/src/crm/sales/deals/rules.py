"""Pipelines as data, the fields that a stage requires, and the lines of a deal. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from contracts.product import Fraction, Quantity, UnitPrice
from contracts.text import NameText, one_line, refuse
from contracts.values import Value
from lines.amounts import net_of
from lines.pricing import Source
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

StageKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$"), BeforeValidator(one_line)]
Requirable = Annotated[
    Literal["amount", "contact_id", "expected_close", "source", "owner_id", "notes"],
    BeforeValidator(lambda field: "owner_id" if field == "owner" else field),
]
"""Pipelines of before owners were employees require the `owner`."""


class Stage(Value):
    """One stage of a sale. `probability` is a fraction; a deal enters only with the `required` fields filled.

    It leaves for a later stage, or is won, only with the `exit_required` fields filled, the `checks` done, and with
    `tasks_done` only without open tasks.
    """

    key: StageKey
    name: NameText
    probability: Fraction
    required: Annotated[tuple[Requirable, ...], Field(max_length=6)] = ()
    exit_required: Annotated[tuple[Requirable, ...], Field(max_length=6)] = ()
    checks: Annotated[tuple[NameText, ...], Field(max_length=20)] = ()
    tasks_done: bool = False


class Pipeline(Value):
    """The stages in their order, and the allowed reasons of a won or lost deal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Wholesale",
                    "stages": [
                        {"key": "contact", "name": "First contact", "probability": "0.1"},
                        {"key": "offer", "name": "Offer", "probability": "0.5", "required": ["amount"]},
                    ],
                    "won_reasons": ["Price"],
                    "lost_reasons": ["Price", "No budget"],
                }
            ]
        }
    )

    name: NameText
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=20)]
    won_reasons: Annotated[tuple[NameText, ...], Field(min_length=1, max_length=50)]
    lost_reasons: Annotated[tuple[NameText, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _each_stage_once(self) -> Self:
        keys = [stage.key for stage in self.stages]
        if len(set(keys)) < len(keys):
            raise refuse("stage", "each stage needs a key of its own", "stages")
        return self

    def stage(self, key: str) -> Stage | None:
        """The stage of this key."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def is_forward(self, old: str, new: str) -> bool:
        """Whether the stage `new` is later than the stage `old`."""
        keys = [stage.key for stage in self.stages]
        return old in keys and new in keys and keys.index(new) > keys.index(old)


DEFAULT = "sales"

BUILT_IN: Mapping[str, Pipeline] = {
    DEFAULT: Pipeline.model_validate(
        {
            "name": "Sales",
            "stages": [
                {"key": "qualification", "name": "Qualification", "probability": "0.1"},
                {"key": "needs", "name": "Needs known", "probability": "0.25", "required": ["amount"]},
                {
                    "key": "proposal",
                    "name": "Proposal",
                    "probability": "0.5",
                    "required": ["amount", "contact_id", "expected_close"],
                },
                {
                    "key": "negotiation",
                    "name": "Negotiation",
                    "probability": "0.75",
                    "required": ["amount", "contact_id", "expected_close"],
                },
            ],
            "won_reasons": ["Price", "Quality", "Relationship", "Delivery time"],
            "lost_reasons": ["Price", "Competitor", "No budget", "No decision", "Product does not fit"],
        }
    )
}
"""The pipeline of a tenant that has declared none."""


ALLOWED: Mapping[str, tuple[str, ...]] = {
    "open": ("change", "move", "win", "lose", "quote"),
    "won": ("reopen",),
    "lost": ("reopen",),
}
"""State -> what may be done with a deal."""


class ContactRole(StrEnum):
    """The role of a contact in the customer's decision."""

    DECIDES = "decides"
    USES = "uses"
    PAYS = "pays"
    INFLUENCES = "influences"


class DealLine(Value):
    """A product that the customer may buy, at the price that it would pay, before tax. A quote adds the tax."""

    id: UUID
    product_id: UUID
    description: NameText
    quantity: Quantity
    unit_price: UnitPrice
    discount: Fraction = Decimal(0)

    @property
    def tax_class(self) -> str:
        """Lines of a deal have no tax."""
        return ""

    @property
    def tax_rate(self) -> Decimal:
        """Lines of a deal have no tax."""
        return Decimal(0)

    @property
    def price_from(self) -> str:
        """Lines of a deal do not store the source of their price."""
        return Source.ENTERED.value


def amount_of(lines: Iterable[DealLine], currency: str) -> Decimal:
    """The amount of a deal with these lines, before tax."""
    return sum((net_of(line, currency) for line in lines), Decimal(0))


def between(before: float | None, after: float | None, now: float) -> float:
    """A position behind `before` and in front of `after`; `now`, in seconds, is behind all positions of new deals."""
    if before is None:
        return now if after is None else after - 1
    return max(before + 1, now) if after is None else (before + after) / 2


def missing(required: Iterable[str], values: Mapping[str, Any]) -> list[str]:
    """The required fields that are empty."""
    return [field for field in required if values.get(field) in (None, "")]
