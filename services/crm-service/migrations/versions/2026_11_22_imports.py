"""Imports over HTTP: uploaded files in chunks, and the outcome of each row."""

from migrating import imports

revision = "imports"
down_revision = "jobs"
upgrade = imports.upgrade
downgrade = imports.downgrade
