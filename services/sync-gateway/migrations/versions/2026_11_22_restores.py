"""How systems that were restored from a backup are recognised and compared, and links whose row is gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "restores"
down_revision = "outbox_parked"


def upgrade() -> None:
    op.add_column("links", sa.Column("last_time_us", sa.BigInteger(), nullable=True))
    op.add_column("links", sa.Column("last_seq", sa.BigInteger(), nullable=True))
    op.add_column("links", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_links_present",
        "links",
        ["canonical_id", "system"],
        unique=True,
        postgresql_where=sa.text("retired_at is null"),
    )
    op.drop_index("uq_links_canonical", table_name="links")
    op.create_index("ix_links_canonical_id", "links", ["canonical_id"])
    op.add_column("deliveries", sa.Column("comparing", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_deliveries_comparing", "deliveries", ["system"], postgresql_where=sa.text("comparing"))
    op.add_column("systems", sa.Column("status", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("systems", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("systems", sa.Column("restored_because", sa.Text(), nullable=True))
    op.add_column("systems", sa.Column("compare_after", sa.Uuid(), nullable=True))
    op.add_column("systems", sa.Column("compare_begun", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("systems", sa.Column("compare_done", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("systems", sa.Column("compare_total", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "epochs",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epochs")),
    )
    op.execute("insert into epochs (id, epoch) values (1, 0)")


def downgrade() -> None:
    op.drop_table("epochs")
    for column in [
        "compare_total",
        "compare_done",
        "compare_begun",
        "compare_after",
        "restored_because",
        "restored_at",
        "status",
    ]:
        op.drop_column("systems", column)
    op.drop_index("ix_deliveries_comparing", table_name="deliveries")
    op.drop_column("deliveries", "comparing")
    op.drop_index("ix_links_canonical_id", table_name="links")
    op.create_index("uq_links_canonical", "links", ["canonical_id", "system"], unique=True)
    op.drop_index("uq_links_present", table_name="links")
    for column in ("retired_at", "last_seq", "last_time_us"):
        op.drop_column("links", column)
