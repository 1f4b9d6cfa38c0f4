"""The table of quotas."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from custom_fields.columns import OwnFields
from records import Plain
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class Quota(OwnFields, Plain, Base):
    """The amount that an employee or a team is to sell in a period."""

    __tablename__ = "quotas"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "employee_id"], ["employees.tenant_id", "employees.id"]),
        ForeignKeyConstraint(["tenant_id", "team_id"], ["teams.tenant_id", "teams.id"]),
        CheckConstraint("num_nonnulls(employee_id, team_id) = 1", name="whose"),
        Index(None, "tenant_id", "first_day", "id"),
        Index(None, "tenant_id", "employee_id"),
        Index(None, "tenant_id", "team_id"),
    )

    employee_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    first_day: Mapped[date]
    last_day: Mapped[date]
    amount: Mapped[Decimal]
    currency: Mapped[str] = mapped_column(Text)
