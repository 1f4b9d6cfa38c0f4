"""Interactions and tasks."""

from alembic import op

from migrating.columns import TENANT, TIMES, VERSIONS, belongs_to

REPLICATED = f"tenant_id {TENANT}, {VERSIONS}, decided jsonb not null default '{{}}', {TIMES}"
ABOUT = """
    customer_id uuid,
    order_id uuid,
    subject text not null,
    search text not null,
    custom jsonb not null default '{}'
"""
INDEXES = {
    "interactions": ("customer_id", "order_id", "updated_at, id", "started_at, id"),
    "tasks": ("customer_id", "order_id", "updated_at, id", "due_at, id", "assignee_id, due_at"),
}


def upgrade() -> None:
    op.execute(f"""
        create table interactions (
            {_keys("interactions")},
            {ABOUT},
            channel text not null,
            text text not null,
            outcome text,
            started_at timestamptz not null,
            minutes integer,
            contact jsonb not null default '{{}}',
            employee jsonb not null default '{{}}',
            {REPLICATED},
            {_ends("interactions")}
        )
    """)
    op.execute(f"""
        create table tasks (
            {_keys("tasks")},
            {ABOUT},
            state text not null,
            priority text not null,
            due_at timestamptz,
            assignee_id uuid,
            "check" jsonb not null default '{{}}',
            notes text not null,
            {REPLICATED},
            {_ends("tasks")},
            {belongs_to("tasks", "assignee_id", "employees")}
        )
    """)
    for table, indexes in INDEXES.items():
        for columns in indexes:
            name = f"ix_{table}_tenant_id_{columns.replace(', ', '_')}"
            op.execute(f"create index {name} on {table} (tenant_id, {columns})")
        op.execute(f"""
            create index ix_{table}_words on {table} using gin (
                (to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text]))
            )
        """)


def downgrade() -> None:
    op.execute("drop table tasks")
    op.execute("drop table interactions")


def _keys(table: str) -> str:
    return f"id uuid constraint pk_{table} primary key, canonical_id uuid constraint uq_{table}_canonical_id unique"


def _ends(table: str) -> str:
    return f"""
        constraint uq_{table}_tenant_id_id unique (tenant_id, id),
        {belongs_to(table, "customer_id", "customers")},
        {belongs_to(table, "order_id", "orders")}
    """
