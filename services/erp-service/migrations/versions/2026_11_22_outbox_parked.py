"""Parked events are found without reading all that wait."""

from migrating import outbox_parked

revision = "outbox_parked"
down_revision = "worker_tasks"
upgrade = outbox_parked.upgrade
downgrade = outbox_parked.downgrade
