"""Shapes of answers."""

from datetime import date
from uuid import UUID

from contracts.decimals import InCurrency
from contracts.order import OrderState
from contracts.values import Amount
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


class DealOverview(BaseModel):
    """The quotes and orders of a deal, and what was ordered, invoiced and paid."""

    deal_id: UUID
    quotes: list[QuotePart] | None = Field(description=f"At most 200, the newest first. {HIDDEN}")
    orders: list[OrderPart] | None = Field(description=f"At most 200, the newest first. {HIDDEN}")
    revenue: list[Revenue] | None = Field(description=f"Per currency. {HIDDEN}")
