"""Tenants that an operator has created or suspended."""

from migrating import tenants

revision = "tenants"
down_revision = "outbound"
upgrade = tenants.upgrade
downgrade = tenants.downgrade
