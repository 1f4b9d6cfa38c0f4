"""A delivery knows the correlation id of the edit that caused it."""

import sqlalchemy as sa
from alembic import op

revision = "correlation"
down_revision = "decisions_first"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("correlation_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("deliveries", "correlation_id")
