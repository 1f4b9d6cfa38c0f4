"""Outbound topics."""

from migrating import outbound

revision = "outbound"
down_revision = "activities"
upgrade = outbound.upgrade
downgrade = outbound.downgrade
