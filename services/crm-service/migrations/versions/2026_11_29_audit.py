"""The audit log."""

from migrating import audit

revision = "audit"
down_revision = "files"
upgrade = audit.upgrade
downgrade = audit.downgrade
