"""What each task of the worker says of itself, and when the oldest event was written that waits for the broker."""

from migrating import worker_tasks

revision = "worker_tasks"
down_revision = "resending"
downgrade = worker_tasks.downgrade


def upgrade() -> None:
    worker_tasks.upgrade("gateway")
