"""The table of employees; the shared part is in `party`."""

from chassis.db import unique
from party.columns import found_by
from party.employees import EmployeeColumns
from sqlalchemy import ForeignKeyConstraint, Index

from erp.tables import Base


class Employee(EmployeeColumns, Base):
    """An employee of the company."""

    __tablename__ = "employees"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "manager_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        unique("subject"),
        Index(None, "tenant_id", "name_key"),
        Index(None, "tenant_id", "manager_id"),
        *found_by("employees"),
    )
