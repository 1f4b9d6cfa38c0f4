"""The stage of customers, in every service that has customers."""

from alembic import op

INDEX = "ix_customers_tenant_id_stage_name_id"


def upgrade() -> None:
    """Add the stage: rows that exist, and those that the earlier version enters, are customers."""
    op.execute("alter table customers add column if not exists stage text not null default 'customer'")
    check("stage", "stage in ('prospect', 'customer', 'former')")
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {INDEX}")
        op.execute(f"create index concurrently {INDEX} on customers (tenant_id, stage, name, id)")


def check(name: str, rule: str) -> None:
    """Add a constraint to customers without blocking writes while the rows are read."""
    op.execute(f"alter table customers drop constraint if exists ck_customers_{name}")
    op.execute(f"alter table customers add constraint ck_customers_{name} check ({rule}) not valid")
    with op.get_context().autocommit_block():
        op.execute(f"alter table customers validate constraint ck_customers_{name}")


def downgrade() -> None:
    """Remove the stage."""
    op.execute("alter table customers drop column stage")
