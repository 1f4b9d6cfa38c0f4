"""The audit log."""

from migrating import audit

revision = "audit"
down_revision = "room_in_pages"
upgrade = audit.upgrade
downgrade = audit.downgrade
