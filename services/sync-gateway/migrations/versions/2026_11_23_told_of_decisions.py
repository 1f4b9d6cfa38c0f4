"""Systems are told of conflicts and decisions that were logged before deliveries said anything of them."""

from alembic import op

revision = "told_of_decisions"
down_revision = "holders"


def upgrade() -> None:
    # What has nothing new to tell costs one look. What waits or was refused is looked at in any case.
    op.execute("""
        update deliveries set state = 'pending', due_at = now(), changed_at = now(), revision = revision + 1
        where state = 'idle' and not told ? 'decisions'
          and exists (select from decisions where decisions.canonical_id = deliveries.canonical_id)
    """)


def downgrade() -> None:
    """Nothing: what is due is looked at by every version."""
