"""Deliveries are leased in turn by tenant; kinds whose records are summed up anew go last."""

import sqlalchemy as sa
from alembic import op

revision = "in_turn"
down_revision = "history"

UNSETTLED = sa.text("state in ('pending', 'waiting', 'rejected')")
COLUMNS = ["system", "tenant_id", "later", "due_at"]


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("later", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("update deliveries set later = true where kind in ('availability', 'balance')")
    # The worker writes meanwhile. From nothing, so that an index left half by an interruption is made again.
    with op.get_context().autocommit_block():
        op.drop_index("ix_deliveries_turn", "deliveries", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_deliveries_turn", "deliveries", COLUMNS, postgresql_where=UNSETTLED, postgresql_concurrently=True
        )


def downgrade() -> None:
    op.drop_index("ix_deliveries_turn", "deliveries")
    op.drop_column("deliveries", "later")
