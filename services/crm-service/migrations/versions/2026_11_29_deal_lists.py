"""Lists of deals in every order, the board and its sums, and the search read from indexes."""

from alembic import op

revision = "deal_lists"
down_revision = "deal_work"

INDEXES = {
    "ix_deals_tenant_id_name_id": "(tenant_id, name, id)",
    "ix_deals_tenant_id_amount_id": "(tenant_id, amount, id)",
    "ix_deals_largest": "(tenant_id, amount desc nulls last, id desc)",
    "ix_deals_latest": "(tenant_id, expected_close desc nulls last, id desc)",
    "ix_deals_tenant_id_created_at_id": "(tenant_id, created_at, id)",
    "ix_deals_tenant_id_position_id": "(tenant_id, position, id)",
    "ix_deals_board": "(tenant_id, pipeline, stage, position, id) where state = 'open'",
    "ix_deals_sums": "(tenant_id, pipeline, stage, currency, probability) include (amount) where state = 'open'",
    "ix_deals_words": (
        "using gin ((to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text])))"
    ),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in INDEXES.items():
            op.execute(f"drop index concurrently if exists {name}")
            op.execute(f"create index concurrently {name} on deals {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"drop index {name}")
