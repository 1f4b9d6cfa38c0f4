"""Sums over many records get room for more digits than one record has."""

from collections.abc import Mapping

from alembic import op

Sums = Mapping[str, tuple[str, ...]]
"""Table -> columns that add up what other rows have. Only the precision grows, so no row is written again."""


def upgrade(sums: Sums) -> None:
    _set_type(sums, "numeric(28, 4)")


def downgrade(sums: Sums) -> None:
    _set_type(sums, "numeric(19, 4)")


def _set_type(sums: Sums, wanted: str) -> None:
    for table, columns in sums.items():
        op.execute(f"alter table {table} " + ", ".join(f"alter column {each} type {wanted}" for each in columns))
