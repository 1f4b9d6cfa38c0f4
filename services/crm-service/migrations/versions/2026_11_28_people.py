"""Employees and their teams."""

from alembic import op
from migrating import people

revision = "people"
down_revision = "numbers"
downgrade = people.downgrade


def upgrade() -> None:
    people.upgrade()
    op.create_index("ix_employees_tenant_id_subject", "employees", ["tenant_id", "subject"])
