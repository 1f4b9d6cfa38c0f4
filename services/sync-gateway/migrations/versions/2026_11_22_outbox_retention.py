"""Retention: old events with a newer one of their record are found and removed."""

from migrating import outbox_retention

revision = "outbox_retention"
down_revision = "correlation"
upgrade = outbox_retention.upgrade
downgrade = outbox_retention.downgrade
