"""Outbound topics."""

from migrating import outbound

revision = "outbound"
down_revision = "policies"
upgrade = outbound.upgrade
downgrade = outbound.downgrade
