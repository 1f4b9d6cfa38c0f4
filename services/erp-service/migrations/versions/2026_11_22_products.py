"""Products, price lists, prices, tax rates."""

from alembic import op

revision = "products"
down_revision = "ledger"
branch_labels = None
depends_on = None

TENANT = "uuid not null default nullif(current_setting('app.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute("select 1")


def downgrade() -> None:
    op.execute("select 1")
