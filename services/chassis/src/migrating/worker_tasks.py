"""What each task of the worker says of itself, and when the oldest event was written that waits for the broker."""

import sqlalchemy as sa
from alembic import op


def upgrade(service: str) -> None:
    op.create_table(
        "worker_tasks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_tasks")),
    )
    # The view acts as its owner, whom row-level security lets see every tenant; it shows one point in time.
    op.execute("create view outbox_oldest as select created_at from outbox where parked_at is null order by id limit 1")
    op.execute(f"grant select on outbox_oldest to {service}_app, {service}_worker")


def downgrade() -> None:
    op.execute("drop view outbox_oldest")
    op.drop_table("worker_tasks")
