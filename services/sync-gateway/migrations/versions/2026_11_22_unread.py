"""What the broker holds and the hub has not read, and an index of what stands in quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "unread"
down_revision = "worker_tasks"


def upgrade() -> None:
    op.create_table(
        "unread",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("oldest_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stalled_since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_unread")),
    )
    op.create_index("ix_quarantine_held", "quarantine", ["id"], postgresql_where=sa.text("state = 'held'"))


def downgrade() -> None:
    op.drop_index("ix_quarantine_held", "quarantine")
    op.drop_table("unread")
