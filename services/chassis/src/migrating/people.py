"""Employees and their teams."""

from alembic import op

from migrating.columns import TENANT, TIMES, VERSIONS

REPLICATED = f"tenant_id {TENANT}, {VERSIONS}, decided jsonb not null default '{{}}', {TIMES}"
INDEXES = {
    "employees": ("name, id", "updated_at, id", "email_key", "phone_e164", "name_key", "manager_id"),
    "teams": ("name, id", "updated_at, id"),
}


def upgrade() -> None:
    op.execute(f"""
        create table employees (
            id uuid constraint pk_employees primary key,
            canonical_id uuid constraint uq_employees_canonical_id unique,
            name text not null,
            name_key text not null,
            email text,
            email_key text,
            phone text,
            phone_e164 text,
            position text,
            department text,
            language text,
            subject text,
            entered_on date,
            left_on date,
            working_time jsonb,
            manager_id uuid,
            search text not null,
            {REPLICATED},
            constraint uq_employees_tenant_id_id unique (tenant_id, id),
            constraint fk_employees_tenant_id_manager_id
                foreign key (tenant_id, manager_id) references employees (tenant_id, id)
        )
    """)
    op.execute(f"""
        create table teams (
            id uuid constraint pk_teams primary key,
            canonical_id uuid constraint uq_teams_canonical_id unique,
            name text not null,
            lead_id uuid,
            members jsonb not null default '{{}}',
            {REPLICATED},
            constraint uq_teams_tenant_id_id unique (tenant_id, id),
            constraint fk_teams_tenant_id_lead_id
                foreign key (tenant_id, lead_id) references employees (tenant_id, id)
        )
    """)
    for table, indexes in INDEXES.items():
        for columns in indexes:
            name = f"ix_{table}_tenant_id_{columns.replace(', ', '_')}"
            op.execute(f"create index {name} on {table} (tenant_id, {columns})")
    op.execute("""
        create index ix_employees_words on employees using gin (
            (to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text]))
        )
    """)


def downgrade() -> None:
    op.execute("drop table teams")
    op.execute("drop table employees")
