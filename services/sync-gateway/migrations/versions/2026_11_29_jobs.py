"""Jobs: long work with its state, progress and result."""

from migrating import jobs

revision = "jobs"
down_revision = "tenants"
upgrade = jobs.upgrade
downgrade = jobs.downgrade
