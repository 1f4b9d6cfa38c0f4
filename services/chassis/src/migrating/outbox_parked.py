"""Parked events are found without reading all that wait."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.create_index("ix_outbox_parked", "outbox", ["id"], postgresql_where=sa.text("parked_at is not null"))


def downgrade() -> None:
    op.drop_index("ix_outbox_parked", "outbox")
