"""The stage of a customer. Those that exist are customers."""

from alembic import op
from migrating import stages

revision = "customer_stage"
down_revision = "templates"


def upgrade() -> None:
    stages.upgrade()
    op.execute("alter table customers alter number drop not null, alter number drop default")
    stages.check("numbered", "stage = 'prospect' or number is not null")


def downgrade() -> None:
    op.execute("alter table customers drop constraint ck_customers_numbered")
    op.execute("alter table customers alter number set default take_number('customer', 'C-', 6, false, 0)")
    op.execute("update customers set number = default where number is null")
    op.execute("alter table customers alter number set not null")
    stages.downgrade()
