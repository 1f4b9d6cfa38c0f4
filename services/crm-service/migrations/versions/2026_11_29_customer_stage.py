"""The stage of a customer. Those that exist are customers."""

from migrating import stages

revision = "customer_stage"
down_revision = "text_messages"


def upgrade() -> None:
    stages.upgrade()


def downgrade() -> None:
    stages.downgrade()
