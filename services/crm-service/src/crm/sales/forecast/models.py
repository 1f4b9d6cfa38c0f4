"""The tables of forecasts as they were at the begin of each week; never changed."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from chassis.db import TENANT, Summed, uuid7
from sqlalchemy import ForeignKeyConstraint, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base

WEIGHTED = Numeric(32, 8)
"""An amount by a probability has the decimals of both."""


class FrozenForecast(Base):
    """That the forecast of a tenant was frozen on a day: a Monday, or a later day if the worker did not run."""

    __tablename__ = "frozen_forecasts"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    week: Mapped[date] = mapped_column(primary_key=True)
    frozen_at: Mapped[datetime]


class FrozenRow(Base):
    """The deals of one pipeline, month, owner and currency in a frozen forecast."""

    __tablename__ = "frozen_forecast_rows"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "week"], ["frozen_forecasts.tenant_id", "frozen_forecasts.week"]),
        Index(None, "tenant_id", "week", "month"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    week: Mapped[date]
    pipeline: Mapped[str] = mapped_column(Text)
    month: Mapped[date]
    owner_id: Mapped[UUID | None]
    currency: Mapped[str | None] = mapped_column(Text)
    won: Mapped[Summed]
    committed: Mapped[Summed]
    best_case: Mapped[Summed]
    open: Mapped[Summed]
    weighted: Mapped[Decimal] = mapped_column(WEIGHTED)
    won_count: Mapped[int]
    open_count: Mapped[int]
