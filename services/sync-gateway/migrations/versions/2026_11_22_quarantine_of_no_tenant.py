"""Messages without a tenant are shown to operators only."""

from alembic import op

revision = "quarantine_of_no_tenant"
down_revision = "quarantine_exact"
OPERATOR = "tenant_id is null and current_setting('app.operator', true) = 'on'"


def upgrade() -> None:
    op.execute(f"alter policy of_no_tenant on quarantine using ({OPERATOR})")


def downgrade() -> None:
    op.execute("alter policy of_no_tenant on quarantine using (tenant_id is null)")
