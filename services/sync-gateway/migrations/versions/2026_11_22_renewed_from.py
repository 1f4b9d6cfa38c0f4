"""From which revision on a restored hub went on, in place of an epoch in the upper half of each revision."""

import sqlalchemy as sa
from alembic import op

revision = "renewed_from"
down_revision = "unsettled"


def upgrade() -> None:
    op.add_column("epochs", sa.Column("renewed_from", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("update epochs set renewed_from = epoch << 32")


def downgrade() -> None:
    op.drop_column("epochs", "renewed_from")
