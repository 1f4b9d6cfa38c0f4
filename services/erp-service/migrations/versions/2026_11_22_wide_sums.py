"""Sums over many records get room for more digits than one record has."""

from migrating import wide_sums

revision = "wide_sums"
down_revision = "balances"

SUMS = {
    "stock_levels": ("on_hand", "reserved", "value"),
    "stock_moves": ("quantity", "value", "unit_cost"),
    "stock_demands": ("issued",),
    "availabilities": ("on_hand", "reserved"),
    "journal_lines": ("amount",),
    "balances": ("open", "on_order", "credit_left"),
}


def upgrade() -> None:
    wide_sums.upgrade(SUMS)


def downgrade() -> None:
    wide_sums.downgrade(SUMS)
