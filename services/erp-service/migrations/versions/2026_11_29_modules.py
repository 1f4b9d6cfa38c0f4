"""Modules that a tenant has turned off or on."""

from migrating import modules

revision = "modules"
down_revision = "journal_statements"
upgrade = modules.upgrade
downgrade = modules.downgrade
