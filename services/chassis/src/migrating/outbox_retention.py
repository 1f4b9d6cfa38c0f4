"""Retention: old events with a newer one of their record are found and removed."""

import sqlalchemy as sa
from alembic import op

from migrating.columns import tenant_id

INDEXES = {
    "ix_outbox_sent_key": ["topic", "key", "position"],
    "ix_outbox_sent_tenant": ["tenant_id", "position"],
}


def upgrade() -> None:
    # The relay writes meanwhile. First, and from nothing: what follows is one transaction, an index left half is not.
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.drop_index(name, "outbox_sent", if_exists=True, postgresql_concurrently=True)
            op.create_index(name, "outbox_sent", columns, postgresql_concurrently=True)
    op.create_table(
        "outbox_removed",
        tenant_id(),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_outbox_removed")),
    )


def downgrade() -> None:
    op.drop_table("outbox_removed")
    for name in INDEXES:
        op.drop_index(name, "outbox_sent")
