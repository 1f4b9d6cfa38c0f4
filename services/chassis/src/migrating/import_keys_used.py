"""Import keys know when they were used, so that old ones are removed."""

from alembic import op

from migrating.columns import time


def upgrade() -> None:
    op.add_column("import_keys", time("used_at"))
    op.create_index("ix_import_keys_source", "import_keys", ["tenant_id", "source", "used_at"])


def downgrade() -> None:
    op.drop_index("ix_import_keys_source", "import_keys")
    op.drop_column("import_keys", "used_at")
