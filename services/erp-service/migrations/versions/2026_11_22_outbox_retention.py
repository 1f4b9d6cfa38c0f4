"""Retention: old events with a newer one of their record are removed; import keys know when they were used."""

from migrating import retention

revision = "outbox_retention"
down_revision = "order_settings"
upgrade = retention.upgrade
downgrade = retention.downgrade
