"""What of a tenant waits, or is parked, is counted without reading other tenants' events; so is what a key has."""

import sqlalchemy as sa
from alembic import op

INDEXES = {
    "ix_outbox_waiting_tenant": (["tenant_id", "id"], sa.text("parked_at is null")),
    "ix_outbox_parked": (["tenant_id", "id"], sa.text("parked_at is not null")),
    "ix_outbox_key": (["topic", "key"], None),
}


def upgrade() -> None:
    # The relay writes meanwhile. Each from nothing, so that an index left half by an interruption is made again.
    with op.get_context().autocommit_block():
        for name, (columns, where) in INDEXES.items():
            op.drop_index(name, "outbox", if_exists=True, postgresql_concurrently=True)
            op.create_index(name, "outbox", columns, postgresql_where=where, postgresql_concurrently=True)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "outbox")
    op.create_index("ix_outbox_parked", "outbox", ["id"], postgresql_where=sa.text("parked_at is not null"))
