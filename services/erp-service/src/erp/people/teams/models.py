"""The table of teams; the shared part is in `party`."""

from chassis.db import unique
from custom_fields.columns import OwnFields
from party.employees import TeamColumns
from sqlalchemy import ForeignKeyConstraint, Index

from erp.tables import Base


class Team(OwnFields, TeamColumns, Base):
    """A group of employees."""

    __tablename__ = "teams"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "lead_id"], ["employees.tenant_id", "employees.id"]),
        unique("id"),
        Index(None, "tenant_id", "name", "id"),
        Index(None, "tenant_id", "updated_at", "id"),
    )
