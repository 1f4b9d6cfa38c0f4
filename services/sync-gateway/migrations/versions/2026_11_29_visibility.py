"""Roles may be limited to the records of the caller; the gateway has no records with an owner."""

from migrating import visibility

revision = "visibility"
down_revision = "traces"


def upgrade() -> None:
    visibility.upgrade("gateway", ())


def downgrade() -> None:
    visibility.downgrade(())
