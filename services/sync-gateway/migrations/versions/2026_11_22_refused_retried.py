"""What a system refused is due again: the index of what is due holds it too."""

from alembic import op

revision = "refused_retried"
down_revision = "quarantine_of_no_tenant"


def upgrade() -> None:
    _index("state in ('pending', 'waiting', 'rejected')")


def downgrade() -> None:
    _index("state in ('pending', 'waiting')")


def _index(condition: str) -> None:
    """The new index before the old one goes: whoever leases always has one that serves."""
    op.execute("alter index ix_deliveries_due rename to ix_deliveries_due_before")
    op.execute(f"create index ix_deliveries_due on deliveries (system, due_at) where {condition}")
    op.execute("drop index ix_deliveries_due_before")
