"""Formats of numbers, declared per tenant. A counter is named by the text before the digits of its numbers."""

from alembic import op
from migrating import numbers

revision = "numbers"
down_revision = "imports"

PREFIXES = {"customer": "C-", "product": "P-", "order": "O-", "shipment": "S-", "return": "R-"}


def upgrade() -> None:
    numbers.upgrade(PREFIXES)
    op.execute("alter table customers alter number set default take_number('customer', 'C-', 6, false, 0)")


def downgrade() -> None:
    op.execute("alter table customers alter number set default next_number('customer', 'C-')")
    numbers.downgrade(PREFIXES)
