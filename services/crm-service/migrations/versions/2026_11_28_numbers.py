"""Formats of numbers, declared per tenant. A counter is named by the text before the digits of its numbers."""

from migrating import numbers

revision = "numbers"
down_revision = "imports"

PREFIXES = {"order": "SO-", "quote": "Q-"}


def upgrade() -> None:
    numbers.upgrade(PREFIXES)


def downgrade() -> None:
    numbers.downgrade(PREFIXES)
