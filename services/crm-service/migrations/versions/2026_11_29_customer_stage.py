"""The stage of a customer. Those that exist are customers."""

from migrating import stages

revision = "customer_stage"
down_revision = "frozen_forecasts"


def upgrade() -> None:
    stages.upgrade()


def downgrade() -> None:
    stages.downgrade()
