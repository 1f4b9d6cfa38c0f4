"""Retention: old events with a newer one of their record are removed; import keys know when they were used."""

from migrating import import_keys_used, outbox_retention

revision = "outbox_retention"
down_revision = "outbox_parked"


def upgrade() -> None:
    outbox_retention.upgrade()
    import_keys_used.upgrade()


def downgrade() -> None:
    import_keys_used.downgrade()
    outbox_retention.downgrade()
