"""What of a tenant waits, or is parked, is counted without reading other tenants' events; so is what a key has."""

from migrating import outbox_counted

revision = "outbox_counted"
down_revision = "outbox_retention"
upgrade = outbox_counted.upgrade
downgrade = outbox_counted.downgrade
