"""Parked events are found without reading all that wait."""

import sqlalchemy as sa
from alembic import op

revision = "outbox_parked"
down_revision = "worker_tasks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_parked", "outbox", ["id"], postgresql_where=sa.text("parked_at is not null"))


def downgrade() -> None:
    op.drop_index("ix_outbox_parked", "outbox")
