"""The tables of the ledger. Entries and their lines are never changed: triggers refuse it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.db import TENANT, JsonObject, Summed, unique, uuid7
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Subquery,
    Text,
    cast,
    func,
    select,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, registry, relationship

from erp.ledger.rules import PeriodState
from erp.tables import Base


class Company(Base):
    """The data of the tenant's company, for its documents; one row, inserted at the first write."""

    __tablename__ = "companies"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    country: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    tax_id: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)

    @classmethod
    def unwritten(cls) -> "Company":
        """The defaults until the company's data is written."""
        return cls(version=0, name="", address=None, country=None, currency="EUR", tax_id=None, language=None)

    def change(self, values: dict[str, Any]) -> None:
        """Set validated values in JSON form."""
        for field, value in values.items():
            setattr(self, field, value)
        self.version += 1


class Account(Base):
    """An account. Posting rules refer to it by its `role`; an account without one is for manual entries only."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("kind in ('asset', 'liability', 'equity', 'income', 'expense')", name="kind"),
        unique("id"),
        unique("number"),
        unique("role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    number: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Text)


class Period(Base):
    """A month, by its first day, that was closed at least once; all others are open."""

    __tablename__ = "periods"
    __table_args__ = (CheckConstraint("extract(day from month) = 1", name="month"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    month: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(Text)


class JournalLine(Base):
    """One line; `amount` is positive in debit, negative in credit. `party_id`: the customer of the receivable."""

    __tablename__ = "journal_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "account_id"], ["accounts.tenant_id", "accounts.id"]),
        CheckConstraint("amount <> 0", name="amount"),
        Index(None, "tenant_id", "account_id", "currency", "party_id", postgresql_include=["amount"]),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("journal_entries.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    account_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(Text)
    amount: Mapped[Summed]
    party_id: Mapped[UUID | None]


class JournalEntry(Base):
    """A journal entry, once per source and rule.

    `position` is the order in which entries were written, and has gaps: a gapless number would serialise all postings
    of a tenant, and only invoices need one. `line_count` is the number of lines of the entry, so that no line can be
    added later.
    """

    __tablename__ = "journal_entries"
    __table_args__ = (
        unique("source_kind", "source_id", "rule"),
        CheckConstraint("line_count >= 2", name="line_count"),
        Index(None, "tenant_id", "posted_on", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    rule: Mapped[str] = mapped_column(Text)
    source_kind: Mapped[str] = mapped_column(Text)
    source_id: Mapped[UUID]
    posted_on: Mapped[date]
    text: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    line_count: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    lines: Mapped[list[JournalLine]] = relationship(lazy="raise", order_by=JournalLine.position, viewonly=True)


class Month:
    """A month of the ledger: one with postings or closings, or the current one. All others are open and without
    entries."""

    month: Mapped[date]
    closed_at: Mapped[datetime | None]
    actor: Mapped[str | None]
    entries: Mapped[int]

    @property
    def state(self) -> PeriodState:
        return PeriodState.CLOSED if self.closed_at else PeriodState.OPEN


def _months() -> Subquery:
    posted = (
        select(cast(func.date_trunc("month", JournalEntry.posted_on), Date).label("month"), func.count().label("n"))
        .group_by(text("1"))
        .subquery()
    )
    present = select(cast(func.date_trunc("month", func.now()), Date).label("month"))
    months = union(select(posted.c.month), select(Period.month), present).subquery()
    return (
        select(months.c.month, Period.closed_at, Period.actor, func.coalesce(posted.c.n, 0).label("entries"))
        .outerjoin(Period, Period.month == months.c.month)
        .outerjoin(posted, posted.c.month == months.c.month)
        .subquery("ledger_months")
    )


MONTHS = _months()
registry().map_imperatively(Month, MONTHS, primary_key=[MONTHS.c.month])
