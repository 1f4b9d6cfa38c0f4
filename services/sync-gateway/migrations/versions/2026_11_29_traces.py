"""A delivery knows the trace of the edit that caused it."""

import sqlalchemy as sa
from alembic import op

revision = "traces"
down_revision = "jobs"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("traceparent", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "traceparent")
