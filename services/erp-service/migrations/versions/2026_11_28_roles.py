"""Roles of a tenant's own, and who has which roles."""

from migrating import roles

revision = "roles"
down_revision = "own_fields"
upgrade = roles.upgrade
downgrade = roles.downgrade
