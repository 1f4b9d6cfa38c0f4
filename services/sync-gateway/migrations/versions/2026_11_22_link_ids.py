"""Links have an id of their own, by which a person mends them."""

from alembic import op

revision = "link_ids"
down_revision = "pauses"


def upgrade() -> None:
    op.execute("alter table links add column id uuid")
    op.execute("alter table links alter column id set default gen_random_uuid()")
    op.execute("update links set id = gen_random_uuid() where id is null")
    op.execute("alter table links alter column id set not null")
    op.execute("create unique index uq_links_id on links (id)")


def downgrade() -> None:
    op.execute("alter table links drop column id")
