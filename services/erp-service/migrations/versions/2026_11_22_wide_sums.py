"""Sums over many records get room for more digits than one record has."""

from alembic import op

revision = "wide_sums"
down_revision = "balances"
branch_labels = None
depends_on = None

SUMS = {
    "stock_levels": ("on_hand", "reserved", "value"),
    "stock_moves": ("quantity", "value", "unit_cost"),
    "stock_demands": ("issued",),
    "availabilities": ("on_hand", "reserved"),
    "journal_lines": ("amount",),
    "balances": ("open", "on_order", "credit_left"),
}
"""Table -> columns that add up what other rows have. Only the precision grows, so no row is written again."""


def upgrade() -> None:
    _set_type("numeric(28, 4)")


def downgrade() -> None:
    _set_type("numeric(19, 4)")


def _set_type(wanted: str) -> None:
    for table, columns in SUMS.items():
        op.execute(f"alter table {table} " + ", ".join(f"alter column {each} type {wanted}" for each in columns))
