"""Systems that are registered over HTTP, and events that they send over HTTP."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "registered"
down_revision = "in_turn"


def upgrade() -> None:
    op.execute("alter table systems add column registration jsonb")
    op.execute("alter table systems add column tenants jsonb")
    op.execute("alter table systems add column leaving boolean not null default false")
    op.add_column("held_back", sa.Column("event_id", postgresql.UUID(), nullable=True))
    op.create_table(
        "system_changes",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_system_changes"),
    )
    op.execute("insert into system_changes (id, number) values (1, 0)")
    op.execute("grant insert, update on systems to gateway_app")
    op.execute("grant update on system_changes to gateway_app")
    # The worker writes meanwhile. From nothing, so that an index left half by an interruption is made again.
    with op.get_context().autocommit_block():
        op.drop_index("ix_held_back_event", "held_back", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_held_back_event",
            "held_back",
            ["tenant_id", "system", "event_id"],
            unique=True,
            postgresql_where=sa.text("event_id is not null"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index("ix_held_back_event", "held_back")
    op.drop_table("system_changes")
    op.drop_column("held_back", "event_id")
    for column in ("leaving", "tenants", "registration"):
        op.drop_column("systems", column)
