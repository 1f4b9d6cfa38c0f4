"""The tables of balances, and of customers whose balance is to be looked at again."""

from decimal import Decimal
from uuid import UUID

from chassis.db import Summed, unique
from chassis.replication import Replicated
from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from erp.finance.balances.rules import Figures
from erp.tables import Base


class BalanceChange(Base):
    """A customer's balance may have changed. Written by the database with the change itself, taken away by the worker.

    Rows are only ever added, so writers never wait for each other, and what commits late is seen late but not missed.
    """

    __tablename__ = "balance_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customer_id: Mapped[UUID]


class Balance(Replicated, Base):
    """What a customer owes in one currency; below zero it has credit. Follows the books within a second."""

    __tablename__ = "balances"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        unique("customer_id", "currency"),
        Index(None, "tenant_id", "open", "id"),
    )

    customer_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(Text)
    open: Mapped[Summed]
    on_order: Mapped[Summed]
    credit_limit: Mapped[Decimal | None]
    credit_left: Mapped[Summed | None]
    blocked: Mapped[bool]

    def take(self, figures: Figures) -> None:
        """Take the figures that the books give now."""
        self.open, self.on_order = figures.open, figures.on_order
        self.credit_limit, self.credit_left, self.blocked = figures.credit_limit, figures.credit_left, figures.blocked
