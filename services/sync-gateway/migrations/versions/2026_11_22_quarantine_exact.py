"""Quarantined messages keep their headers exactly, and are told apart where a log began anew."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "quarantine_exact"
down_revision = "quarantine_handled"
PLACE = "uq_quarantine_topic_partition_log_offset"


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("raw_headers", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("quarantine", sa.Column("digest", sa.LargeBinary(), server_default=sa.text("''"), nullable=False))
    op.create_unique_constraint(f"{PLACE}_digest", "quarantine", ["topic", "partition", "log_offset", "digest"])
    op.drop_constraint(PLACE, "quarantine")


def downgrade() -> None:
    op.create_unique_constraint(PLACE, "quarantine", ["topic", "partition", "log_offset"])
    op.drop_constraint(f"{PLACE}_digest", "quarantine")
    op.drop_column("quarantine", "digest")
    op.drop_column("quarantine", "raw_headers")
