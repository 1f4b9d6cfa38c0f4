"""The tables of balances, and of customers whose balance must be recomputed."""

from decimal import Decimal
from uuid import UUID

from chassis.db import Summed, unique
from chassis.replication import Replicated
from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from erp.finance.balances.rules import Figures
from erp.tables import Base


class BalanceChange(Base):
    """A note that a customer's balance may have changed. A trigger writes it with the change, the worker deletes it.

    Rows are only inserted, so writers never wait for each other, and a late commit is processed late but not missed.
    """

    __tablename__ = "balance_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    customer_id: Mapped[UUID]


class Balance(Replicated, Base):
    """The balance of a customer in one currency; negative is credit. Updated about once a second."""

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
        """Set the computed figures."""
        self.open, self.on_order = figures.open, figures.on_order
        self.credit_limit, self.credit_left, self.blocked = figures.credit_limit, figures.credit_left, figures.blocked
