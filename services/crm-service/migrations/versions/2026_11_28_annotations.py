"""What every record may have beside its own fields: its history, tags and notes."""

from migrating import annotations

revision = "annotations"
down_revision = "people"
upgrade = annotations.upgrade
downgrade = annotations.downgrade
