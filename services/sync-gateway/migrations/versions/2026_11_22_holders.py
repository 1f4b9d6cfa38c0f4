"""Which kinds each system holds, and whether it is compared because it begins to hold some."""

from alembic import op

revision = "holders"
down_revision = "renewed_from"


def upgrade() -> None:
    op.execute("alter table systems add column kinds jsonb")
    op.execute("alter table systems add column joining boolean not null default false")


def downgrade() -> None:
    op.execute("alter table systems drop column joining")
    op.execute("alter table systems drop column kinds")
