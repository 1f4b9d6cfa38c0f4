"""The lines of a deal."""

from alembic import op

revision = "deal_lines"
down_revision = "recurring_tasks"


def upgrade() -> None:
    op.execute("alter table deals add column lines jsonb not null default '[]'")


def downgrade() -> None:
    op.execute("alter table deals drop column lines")
