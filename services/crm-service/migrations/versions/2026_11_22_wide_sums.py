"""Sums over many records get room for more digits than one record has."""

from migrating import wide_sums

revision = "wide_sums"
down_revision = "quotes"

SUMS = {
    "availability": ("on_hand", "reserved", "available"),
    "balances": ("open", "on_order", "credit_left"),
}


def upgrade() -> None:
    wide_sums.upgrade(SUMS)


def downgrade() -> None:
    wide_sums.downgrade(SUMS)
