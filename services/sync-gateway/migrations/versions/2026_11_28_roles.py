"""Roles of a tenant's own, and who has which roles."""

from migrating import roles

revision = "roles"
down_revision = "registered"
upgrade = roles.upgrade
downgrade = roles.downgrade
