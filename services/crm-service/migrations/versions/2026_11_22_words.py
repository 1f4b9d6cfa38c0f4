"""Customers, contacts and products are found by the beginnings of words through an index."""

from migrating import words

revision = "words"
down_revision = "outbox_counted"
upgrade = words.upgrade
downgrade = words.downgrade
