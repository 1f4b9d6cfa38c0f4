"""The history of records: a table of the chassis."""

from migrating import history

revision = "history"
down_revision = "told_of_decisions"
upgrade = history.upgrade
downgrade = history.downgrade
