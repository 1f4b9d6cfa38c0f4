"""Sending events again: what was asked for and how far it is, and which log each topic has."""

from migrating import resending

revision = "resending"
down_revision = "decided"
upgrade = resending.upgrade
downgrade = resending.downgrade
