"""Imports over HTTP: uploaded files in chunks, and the outcome of each row."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrating.columns import tenant_id, time


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        tenant_id(),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        time("created_at"),
        sa.Column("preview_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_imports_tenant_id_id")),
    )
    op.create_index("ix_imports_tenant_id_created_at", "imports", ["tenant_id", "created_at", "id"])
    op.create_index(op.f("ix_imports_created_at"), "imports", ["created_at"])
    op.create_table(
        "import_chunks",
        tenant_id(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _of_an_import("import_chunks"),
        sa.PrimaryKeyConstraint("import_id", "part", "number", name=op.f("pk_import_chunks")),
    )
    op.create_table(
        "import_outcomes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        tenant_id(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _of_an_import("import_outcomes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_outcomes")),
    )
    op.create_index("ix_import_outcomes_import_id", "import_outcomes", ["tenant_id", "import_id", "job_id", "id"])


def downgrade() -> None:
    op.drop_table("import_outcomes")
    op.drop_table("import_chunks")
    op.drop_table("imports")


def _of_an_import(table: str) -> sa.ForeignKeyConstraint:
    """A part is removed with its import."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", "import_id"],
        ["imports.tenant_id", "imports.id"],
        name=op.f(f"fk_{table}_tenant_id_import_id"),
        ondelete="CASCADE",
    )
