"""Webhooks: subscriptions, and the messages that each gets."""

from migrating import webhooks

revision = "webhooks"
down_revision = "charges"
upgrade = webhooks.upgrade
downgrade = webhooks.downgrade
