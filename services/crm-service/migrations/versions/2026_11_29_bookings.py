"""Resources, bookings that never overlap, and the begin of employees' working days."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "bookings"
down_revision = "calendar"

PLAIN = f"""
    tenant_id {TENANT},
    version integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    archived_at timestamptz
"""
REFERS = {
    "resource_id": "resources",
    "employee_id": "employees",
    "booked_by_id": "employees",
    "calendar_event_id": "calendar_events",
    "customer_id": "customers",
    "contact_id": "contacts",
}
INDEXES = {
    "resources": ("name, id", "updated_at, id"),
    "bookings": (
        "resource_id, starts_at", "employee_id, starts_at", "calendar_event_id", "customer_id", "starts_at, id",
        "updated_at, id",
    ),
}  # fmt: skip


def upgrade() -> None:
    op.execute("alter table employees add column works_from text")
    op.execute(f"""
        create table resources (
            id uuid constraint pk_resources primary key,
            {PLAIN},
            name text not null,
            search text not null,
            type text not null,
            location text,
            capacity integer,
            notes text not null,
            custom jsonb not null default '{{}}',
            constraint uq_resources_tenant_id_id unique (tenant_id, id)
        )
    """)
    # GiST has operators for ranges of any type, but for a single UUID only in an extension.
    op.execute("create type uuid_range as range (subtype = uuid)")
    op.execute(f"""
        create table bookings (
            id uuid constraint pk_bookings primary key,
            {PLAIN},
            subject text not null,
            search text not null,
            resource_id uuid,
            employee_id uuid,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            booked_by_id uuid,
            calendar_event_id uuid,
            customer_id uuid,
            contact_id uuid,
            notes text not null,
            custom jsonb not null default '{{}}',
            constraint uq_bookings_tenant_id_id unique (tenant_id, id),
            constraint ck_bookings_booked check (num_nonnulls(resource_id, employee_id) = 1),
            constraint ck_bookings_time check (starts_at < ends_at),
            constraint ex_bookings_overlap exclude using gist (
                uuid_range(coalesce(resource_id, employee_id), coalesce(resource_id, employee_id), '[]') with &&,
                tstzrange(starts_at, ends_at) with &&
            ) where (archived_at is null),
            {", ".join(belongs_to("bookings", column, other) for column, other in REFERS.items())}
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
    op.execute("drop table bookings")
    op.execute("drop type uuid_range")
    op.execute("drop table resources")
    op.execute("alter table employees drop column works_from")
