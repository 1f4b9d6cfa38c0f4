"""A decision may be there before its record: a hub that was restored reads both again, in any order."""

from alembic import op

revision = "decisions_first"
down_revision = "restores"


def upgrade() -> None:
    op.drop_constraint("fk_decisions_canonical_id", "decisions", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key("fk_decisions_canonical_id", "decisions", "records", ["canonical_id"], ["canonical_id"])
