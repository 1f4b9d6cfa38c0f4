"""Interactions and tasks."""

from migrating import activities

revision = "activities"
down_revision = "audit"
upgrade = activities.upgrade
downgrade = activities.downgrade
