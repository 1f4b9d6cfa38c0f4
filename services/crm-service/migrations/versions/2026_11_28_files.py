"""Files of records: the rows of files, of objects that no row uses, and the space that a tenant takes."""

from migrating import files

revision = "files"
down_revision = "api_keys"
upgrade = files.upgrade
downgrade = files.downgrade
