"""Kinds that a system does not take, and when it is asked again."""

from alembic import op

revision = "refused_kinds"
down_revision = "refused_retried"


def upgrade() -> None:
    op.execute("""
        create table refused_kinds (
            tenant_id uuid not null,
            system text not null,
            kind text not null,
            reason text not null,
            since timestamptz not null,
            tries integer not null,
            again_at timestamptz not null,
            constraint pk_refused_kinds primary key (tenant_id, system, kind)
        )
    """)


def downgrade() -> None:
    op.execute("drop table refused_kinds")
