"""Recurrence and reminders of tasks, and time zones of employees."""

from alembic import op
from migrating.columns import TENANT, belongs_to

revision = "recurring_tasks"
down_revision = "templates"

COLUMNS = {
    "recurrence": "text",
    "time_zone": "text",
    "recurs_from": "timestamptz",
    "occurs_at": "timestamptz",
    "series_id": "uuid",
    "previous_id": "uuid",
    "remind_at": "timestamptz",
    "remind_minutes_before": "integer",
    "reminds_at": "timestamptz",
    "reminded_at": "timestamptz",
}


def upgrade() -> None:
    op.execute("alter table employees add column time_zone text")
    added = ", ".join(f"add column {name} {kind}" for name, kind in COLUMNS.items())
    op.execute(f"alter table tasks {added}")
    op.execute("alter table tasks add constraint uq_tasks_tenant_id_previous_id unique (tenant_id, previous_id)")
    op.execute(f"alter table tasks add {belongs_to('tasks', 'previous_id', 'tasks')}")
    op.execute("""
        create index ix_tasks_tenant_id_series_id_occurs_at on tasks (tenant_id, series_id, occurs_at)
        where series_id is not null
    """)
    op.execute("create index ix_tasks_reminds_at on tasks (reminds_at) where reminded_at is null")
    _create_reminders()


def _create_reminders() -> None:
    op.execute(f"""
        create table task_reminders (
            id uuid constraint pk_task_reminders primary key,
            tenant_id {TENANT},
            task_id uuid not null,
            employee_id uuid,
            customer_id uuid,
            subject text not null,
            priority text not null,
            reminds_at timestamptz not null,
            due_at timestamptz,
            announced_at timestamptz not null,
            constraint uq_task_reminders_tenant_id_id unique (tenant_id, id),
            constraint uq_task_reminders_tenant_id_task_id_reminds_at unique (tenant_id, task_id, reminds_at),
            {belongs_to("task_reminders", "task_id", "tasks")}
        )
    """)
    for columns in ("employee_id, reminds_at", "reminds_at, id"):
        name = f"ix_task_reminders_tenant_id_{columns.replace(', ', '_')}"
        op.execute(f"create index {name} on task_reminders (tenant_id, {columns})")


def downgrade() -> None:
    op.execute("drop table task_reminders")
    op.execute(f"alter table tasks {', '.join(f'drop column {name}' for name in COLUMNS)}")
    op.execute("alter table employees drop column time_zone")
