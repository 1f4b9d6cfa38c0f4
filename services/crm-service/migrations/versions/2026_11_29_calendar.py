"""Calendar events."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "calendar"
down_revision = "stages_of_tenant"

ABOUT = {"customer_id": "customers", "order_id": "orders", "deal_id": "deals"}
INDEXES = (*ABOUT, "begins_at, id", "until_at", "updated_at, id")


def upgrade() -> None:
    op.execute(f"""
        create table calendar_events (
            id uuid constraint pk_calendar_events primary key,
            tenant_id {TENANT},
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            archived_at timestamptz,
            uid text not null,
            subject text not null,
            search text not null,
            location text,
            text text not null,
            starts_at timestamptz,
            ends_at timestamptz,
            starts_on date,
            ends_on date,
            begins_at timestamptz not null,
            finishes_at timestamptz not null,
            until_at timestamptz,
            time_zone text not null,
            recurrence text,
            excluded_on jsonb not null,
            state text not null,
            busy boolean not null,
            private boolean not null,
            organiser_id uuid,
            attendees jsonb not null,
            customer_id uuid,
            order_id uuid,
            deal_id uuid,
            custom jsonb not null default '{{}}',
            constraint uq_calendar_events_tenant_id_id unique (tenant_id, id),
            constraint uq_calendar_events_tenant_id_organiser_id_uid unique (tenant_id, organiser_id, uid),
            {belongs_to("calendar_events", "organiser_id", "employees")},
            {", ".join(belongs_to("calendar_events", column, other) for column, other in ABOUT.items())}
        )
    """)
    for columns in INDEXES:
        name = f"ix_calendar_events_tenant_id_{columns.replace(', ', '_')}"
        op.execute(f"create index {name} on calendar_events (tenant_id, {columns})")
    op.execute("""
        create index ix_calendar_events_words on calendar_events using gin (
            (to_tsvector('simple'::regconfig, search) || array_to_tsvector(array[tenant_id::text]))
        )
    """)


def downgrade() -> None:
    op.execute("drop table calendar_events")
