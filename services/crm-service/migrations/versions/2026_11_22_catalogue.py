"""Products, prices, tax rates, availability, as the ERP keeps them."""

from alembic import op
from migrating.columns import belongs_to, replicated

revision = "catalogue"
down_revision = "contacts"


def upgrade() -> None:
    op.execute(f"""
        create table products ({replicated("products")},
            name text not null,
            description text,
            category text,
            sku text,
            sku_key text,
            gtin text,
            gtin_key text,
            product_kind text not null,
            units jsonb not null,
            tax_class text not null,
            list_price jsonb,
            dimensions jsonb,
            search text not null,
            constraint uq_products_tenant_id_id unique (tenant_id, id),
            constraint uq_products_tenant_id_sku_key unique (tenant_id, sku_key),
            constraint uq_products_tenant_id_gtin_key unique (tenant_id, gtin_key)
        )
    """)
    op.execute(f"""
        create table availability ({replicated("availability")},
            product_id uuid not null,
            on_hand numeric(19, 4) not null,
            reserved numeric(19, 4) not null,
            available numeric(19, 4) not null,
            constraint uq_availability_tenant_id_product_id unique (tenant_id, product_id),
            {belongs_to("availability", "product_id", "products")}
        )
    """)
    op.execute(f"""
        create table price_lists ({replicated("price_lists")},
            name text not null,
            customer_id uuid,
            currency text not null,
            customer_group text,
            valid_from date,
            valid_to date,
            constraint uq_price_lists_tenant_id_id unique (tenant_id, id),
            {belongs_to("price_lists", "customer_id", "customers")}
        )
    """)
    op.execute(f"""
        create table prices ({replicated("prices")},
            price_list_id uuid not null,
            product_id uuid not null,
            min_quantity numeric(19, 4) not null,
            amount numeric(19, 4) not null,
            valid_from date,
            valid_to date,
            {belongs_to("prices", "price_list_id", "price_lists")},
            {belongs_to("prices", "product_id", "products")}
        )
    """)
    op.execute(f"""
        create table tax_rates ({replicated("tax_rates")},
            country text not null,
            tax_class text not null,
            rate numeric(19, 4) not null,
            valid_from date,
            valid_to date
        )
    """)
    for table, columns in (
        ("products", ("tenant_id", "name", "id")),
        ("products", ("tenant_id", "updated_at", "id")),
        ("products", ("tenant_id", "category")),
        ("price_lists", ("tenant_id", "name", "id")),
        ("price_lists", ("tenant_id", "customer_id")),
        ("prices", ("tenant_id", "product_id")),
        ("prices", ("tenant_id", "price_list_id", "product_id")),
        ("prices", ("tenant_id", "updated_at", "id")),
        ("tax_rates", ("tenant_id", "country", "tax_class")),
    ):
        op.execute(f"create index ix_{table}_{'_'.join(columns)} on {table} ({', '.join(columns)})")


def downgrade() -> None:
    for table in ("tax_rates", "prices", "price_lists", "availability", "products"):
        op.execute(f"drop table {table}")
