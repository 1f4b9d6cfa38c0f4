"""Retention of the spokes: that of the outbox, and import keys know when they were used."""

from alembic import op

from migrating import outbox_retention
from migrating.columns import time


def upgrade() -> None:
    outbox_retention.upgrade()
    op.add_column("import_keys", time("used_at"))
    op.create_index("ix_import_keys_source", "import_keys", ["tenant_id", "source", "used_at"])


def downgrade() -> None:
    op.drop_index("ix_import_keys_source", "import_keys")
    op.drop_column("import_keys", "used_at")
    outbox_retention.downgrade()
