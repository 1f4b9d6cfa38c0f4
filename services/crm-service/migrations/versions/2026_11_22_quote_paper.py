"""What the paper of a sent quote shows, kept as it was. Of quotes that were sent before: as it is at this migration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "quote_paper"
down_revision = "decided"


def upgrade() -> None:
    op.add_column("sent_quotes", sa.Column("paper", JSONB(), nullable=True))
    op.execute("""
        update sent_quotes set paper = jsonb_build_object(
            'name', customers.name,
            'address', customers.billing_address,
            'language', coalesce(sent_quotes.language, customers.language, 'en'),
            'letterhead', coalesce(quote_settings.value, '{}'),
            'day', (sent_quotes.sent_at at time zone 'UTC')::date
        )
        from customers
        left join quote_settings
            on quote_settings.tenant_id = customers.tenant_id and quote_settings.name = 'letterhead'
        where customers.id = sent_quotes.customer_id
    """)


def downgrade() -> None:
    op.drop_column("sent_quotes", "paper")
