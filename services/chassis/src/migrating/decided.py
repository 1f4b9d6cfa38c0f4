"""What the gateway says of a replicated record itself: its open conflicts and newest decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB


def upgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.add_column(table, sa.Column("decided", JSONB(), server_default=sa.text("'{}'"), nullable=False))


def downgrade(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.drop_column(table, "decided")
