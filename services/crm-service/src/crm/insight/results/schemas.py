"""Shapes of answers."""

from collections.abc import Iterable
from datetime import date
from typing import Self
from uuid import UUID

from contracts.decimals import InCurrency
from contracts.order import OrderState
from contracts.values import Amount, Number
from pydantic import BaseModel, ConfigDict, Field

from crm.insight.overview.schemas import HIDDEN
from crm.sales.quotes.rules import QuoteState


class QuotePart(InCurrency):
    """A quote of the deal."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    revision: int
    state: QuoteState
    valid_until: date | None
    currency: str
    net: Amount
    total: Amount


class OrderPart(InCurrency):
    """An order of the deal. `sales_number` is the CRM's, `number` the ERP's."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    sales_number: str | None
    number: str | None
    state: OrderState
    ordered_on: date
    currency: str
    net: Amount
    total: Amount


class Revenue(InCurrency):
    """Amounts before tax in one currency, as last delivered by the ERP.

    `ordered` contains no drafts and no cancelled orders; `invoiced` is reduced by credit notes, `paid` is the part of
    it that is not open.
    """

    currency: str
    ordered: Amount
    invoiced: Amount
    paid: Amount


class EmployeeRevenue(Revenue):
    """The revenue of an employee; `won` is the amount of its deals that were won in the period."""

    won: Amount


class EmployeePerformance(BaseModel):
    """What an employee did in a period, and what it brought. A part is null if the scopes of the caller hide it.

    An order is the one of the owner of its deal, or without a deal of the owner of its customer.
    """

    employee_id: UUID
    name: str
    calls: int | None = Field(description="Calls in which the employee took part.")
    meetings: int | None = Field(description="Meetings in which the employee took part.")
    leads: int | None = Field(description="Leads that were entered in the period and are the employee's.")
    won: int = Field(description="Deals that were won in the period.")
    lost: int = Field(description="Deals that were lost in the period.")
    cycle_days: Number | None = Field(description="The average days from the entry of a won deal to its close.")
    revenue: list[EmployeeRevenue] | None = Field(
        description="Per currency: ordered in the period, invoiced in it, and how much of that is paid."
    )


class Performance(BaseModel):
    """The employees with any figure, by name; at most 1,000."""

    items: list[EmployeePerformance]


class PerformanceLine(InCurrency):
    """A row of the CSV file. Each further currency of an employee has a row of its own, without the counts."""

    employee_id: UUID
    name: str
    calls: int | None = None
    meetings: int | None = None
    leads: int | None = None
    won: int | None = None
    lost: int | None = None
    cycle_days: Number | None = None
    currency: str | None = None
    won_amount: Amount | None = None
    ordered: Amount | None = None
    invoiced: Amount | None = None
    paid: Amount | None = None

    @classmethod
    def all_of(cls, items: Iterable[EmployeePerformance]) -> list[Self]:
        """The rows of these employees."""
        lines = []
        for each in items:
            shown = each.model_dump(exclude={"revenue"})
            amounts = [dict(revenue) for revenue in each.revenue or ()]
            for revenue in amounts or [{}]:
                won = {"won_amount": revenue.pop("won")} if revenue else {}
                lines.append(cls(**shown, **revenue, **won))
                shown = {"employee_id": each.employee_id, "name": each.name}
        return lines


class DealOverview(BaseModel):
    """The quotes and orders of a deal, and what was ordered, invoiced and paid."""

    deal_id: UUID
    quotes: list[QuotePart] | None = Field(description=f"At most 200, the newest first. {HIDDEN}")
    orders: list[OrderPart] | None = Field(description=f"At most 200, the newest first. {HIDDEN}")
    revenue: list[Revenue] | None = Field(description=f"Per currency. {HIDDEN}")
