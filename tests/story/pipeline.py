"""Which deals lead to Northwind's orders, by rule: begun some days before each order, with lost ones among them. Pure.

An order begins `DAYS_BEFORE` it, later by its number modulo `SPREAD`, and is expected to close `EXPECTED_DAYS` after
its begin. The time from begin to order is divided evenly among the stages. The first deal of a customer begins as a
lead. Beside every `LOST_EVERY`th order, `LOST` times, a deal of the same terms is lost on the day of that order, at
a stage and for a reason that take turns.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from .northwind import Northwind, Order

DAYS_BEFORE = 5
SPREAD = 25
EXPECTED_DAYS = 30
LOST = 60
LOST_EVERY = 13


@dataclass(frozen=True)
class Pipeline:
    """The stages in their order with their probabilities, and the reasons for a loss, as the CRM declares them."""

    probabilities: Mapping[str, Decimal]
    reasons: Sequence[str]

    @cached_property
    def stages(self) -> list[str]:
        return list(self.probabilities)


@dataclass(frozen=True)
class Deal:
    """A deal by rule; `reason` is that of its loss, None for one that is won."""

    order: Order
    pipeline: Pipeline
    last_stage: int
    reason: str | None
    is_lead: bool

    @property
    def begun_on(self) -> date:
        return self.order.ordered_on - timedelta(days=DAYS_BEFORE + int(self.order.number) % SPREAD)

    @property
    def expected_close(self) -> date:
        return self.begun_on + timedelta(days=EXPECTED_DAYS)

    @property
    def closed_on(self) -> date:
        return self.order.ordered_on

    @property
    def amount(self) -> Decimal:
        """Before any rounding."""
        return sum((line.exact for line in self.order.lines), Decimal(0))

    @property
    def stages(self) -> list[str]:
        """The stages that it passes until it is closed."""
        return self.pipeline.stages[: self.last_stage + 1]

    def stage_on(self, day: date) -> str:
        """Its stage at the end of a day between its begin and its close."""
        share = (day - self.begun_on) / (self.closed_on - self.begun_on)
        return self.stages[min(self.last_stage, int(share * len(self.stages)))]


@dataclass(frozen=True)
class Sales:
    """All deals of a run, and the day on which the forecast of the next month is made."""

    deals: tuple[Deal, ...]
    forecast_on: date

    @property
    def won(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.reason is None]

    @property
    def lost(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.reason is not None]

    @property
    def open_at_forecast(self) -> list[Deal]:
        return [deal for deal in self.deals if deal.begun_on <= self.forecast_on < deal.closed_on]

    @property
    def next_month(self) -> tuple[date, date]:
        """The first and the last day of the month after the forecast."""
        first = self.forecast_on + timedelta(days=1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def by_seller(self) -> Mapping[str, Decimal]:
        """Employee -> the amounts that he won, the best first."""
        amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
        for deal in self.won:
            amounts[deal.order.employee] += deal.amount
        return dict(sorted(amounts.items(), key=lambda each: -each[1]))

    def entered(self) -> Counter[str]:
        """Stage -> how many deals entered it."""
        return Counter(stage for deal in self.deals for stage in deal.stages)


def planned(northwind: Northwind, pipeline: Pipeline) -> Sales:
    """The deals of the orders, in the order of their beginnings."""
    last, deals, known = len(pipeline.stages) - 1, [], set[str]()
    for number, order in enumerate(northwind.orders):
        deals.append(Deal(order, pipeline, last, None, order.customer not in known))
        known.add(order.customer)
        lost = number // LOST_EVERY
        if number % LOST_EVERY == 0 and lost < LOST:
            reason = pipeline.reasons[lost % len(pipeline.reasons)]
            deals.append(Deal(order, pipeline, lost % (last + 1), reason, False))
    last_month = northwind.last_day.replace(day=1)
    return Sales(tuple(sorted(deals, key=lambda deal: deal.begun_on)), last_month - timedelta(days=1))


def total(deals: Iterable[Deal]) -> Decimal:
    """What deals come to before any rounding."""
    return sum((deal.amount for deal in deals), Decimal(0))
