"""Templates of documents that tenants use in place of ours."""

import sqlalchemy as sa
from alembic import op

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "document_templates",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        tenant_id(),
        sa.Column("changed_by", sa.Text(), nullable=False),
        time("changed_at"),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "version", name=op.f("pk_document_templates")),
    )


def downgrade() -> None:
    op.drop_table("document_templates")
