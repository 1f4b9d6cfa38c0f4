"""What is due, refused, open or held is counted by system, tenant and kind without reading anything else."""

import sqlalchemy as sa
from alembic import op

revision = "unsettled"
down_revision = "outbox_counted"

UNSETTLED = sa.text("state in ('pending', 'waiting', 'rejected')")
INDEXES = {
    "ix_deliveries_state": ("deliveries", ["system", "state", "due_at"], UNSETTLED),
    "ix_deliveries_tenant": ("deliveries", ["tenant_id", "state", "system", "due_at"], UNSETTLED),
    "ix_deliveries_refused": ("deliveries", ["system", "tenant_id"], sa.text("refused <> '{}'")),
    "ix_decisions_open_kind": ("decisions", ["kind"], sa.text("state = 'open'")),
    "ix_quarantine_open": ("quarantine", ["state", "tenant_id"], sa.text("state in ('held', 'replaying')")),
}


def upgrade() -> None:
    # The worker writes meanwhile. Each from nothing, so that an index left half by an interruption is made again.
    with op.get_context().autocommit_block():
        for name, (table, columns, where) in INDEXES.items():
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, columns, postgresql_where=where, postgresql_concurrently=True)
        op.drop_index("ix_deliveries_held", "deliveries", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    where = sa.text("state in ('rejected', 'waiting')")
    op.create_index("ix_deliveries_held", "deliveries", ["tenant_id", "state"], postgresql_where=where)
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table)
