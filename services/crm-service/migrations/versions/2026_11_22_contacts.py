"""Contacts."""

from migrating import contacts

revision = "contacts"
down_revision = "customers"
upgrade = contacts.upgrade
downgrade = contacts.downgrade
