"""The table of employees; the shared part is in `party`."""

from chassis.db import unique
from party.columns import found_by
from party.employees import EmployeeColumns
from sqlalchemy import ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.tables import Base


class Employee(EmployeeColumns, Base):
    """An employee of the company."""

    __tablename__ = "employees"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "manager_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        # The ERP keeps subjects unique; deliveries may swap them in any order, so the column is not unique here.
        Index(None, "tenant_id", "subject"),
        Index(None, "tenant_id", "name_key"),
        Index(None, "tenant_id", "manager_id"),
        *found_by("employees"),
    )

    time_zone: Mapped[str | None] = mapped_column(Text)
    works_from: Mapped[str | None] = mapped_column(Text)
