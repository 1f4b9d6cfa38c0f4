"""Who asked for a replay of a quarantined message, or dropped it."""

import sqlalchemy as sa
from alembic import op

revision = "quarantine_handled"
down_revision = "hub"


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("handled_by", sa.Text(), nullable=True))
    op.add_column("quarantine", sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("quarantine", "handled_at")
    op.drop_column("quarantine", "handled_by")
