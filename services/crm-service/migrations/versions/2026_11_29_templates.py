"""Templates of documents that tenants use in place of ours."""

from migrating import templates

revision = "templates"
down_revision = "deal_stages"
upgrade = templates.upgrade
downgrade = templates.downgrade
