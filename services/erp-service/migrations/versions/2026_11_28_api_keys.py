"""API keys of machines."""

from migrating import api_keys

revision = "api_keys"
down_revision = "roles"
upgrade = api_keys.upgrade
downgrade = api_keys.downgrade
