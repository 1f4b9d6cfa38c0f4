"""Products, price lists, prices, tax rates."""

from alembic import op
from migrating.columns import TENANT, replicated

revision = "products"
down_revision = "ledger"


def upgrade() -> None:
    _products()
    _price_lists()
    op.execute(f"""
        create table tax_rates (
            {replicated("tax_rates")},
            country text not null,
            tax_class text not null,
            rate numeric(19, 4) not null,
            valid_from date,
            valid_to date
        )
    """)
    op.execute("""
        create unique index uq_tax_rates_in_use on tax_rates (tenant_id, country, tax_class, valid_from)
        nulls not distinct where archived_at is null
    """)


def _products() -> None:
    op.execute(f"""
        create table products (
            {replicated("products")},
            name text not null,
            description text not null default '',
            category text,
            sku text,
            sku_key text,
            gtin text,
            gtin_key text,
            product_kind text not null
                constraint ck_products_product_kind check (product_kind in ('goods', 'service', 'kit')),
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
    op.execute("create index ix_products_tenant_id_name_id on products (tenant_id, name, id)")
    op.execute("create index ix_products_tenant_id_updated_at_id on products (tenant_id, updated_at, id)")
    op.execute("create index ix_products_without_sku on products (id) where sku is null and archived_at is null")
    op.execute(f"""
        create table product_components (
            kit_id uuid not null constraint fk_product_components_kit_id references products (id),
            component_id uuid not null,
            tenant_id {TENANT},
            quantity numeric(19, 4) not null,
            position smallint not null,
            constraint pk_product_components primary key (kit_id, component_id),
            constraint fk_product_components_tenant_id_component_id
                foreign key (tenant_id, component_id) references products (tenant_id, id)
        )
    """)
    op.execute("""
        create index ix_product_components_tenant_id_component_id on product_components (tenant_id, component_id)
    """)


def _price_lists() -> None:
    op.execute(f"""
        create table price_lists (
            {replicated("price_lists")},
            name text not null,
            currency text not null,
            customer_group text,
            customer_id uuid,
            valid_from date,
            valid_to date,
            constraint ck_price_lists_one_audience check (customer_id is null or customer_group is null),
            constraint uq_price_lists_tenant_id_id unique (tenant_id, id),
            constraint fk_price_lists_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id)
        )
    """)
    op.execute("create index ix_price_lists_tenant_id_name_id on price_lists (tenant_id, name, id)")
    op.execute(f"""
        create table prices (
            {replicated("prices")},
            price_list_id uuid not null,
            product_id uuid not null,
            min_quantity numeric(19, 4) not null,
            amount numeric(19, 4) not null,
            valid_from date,
            valid_to date,
            constraint fk_prices_tenant_id_price_list_id
                foreign key (tenant_id, price_list_id) references price_lists (tenant_id, id),
            constraint fk_prices_tenant_id_product_id
                foreign key (tenant_id, product_id) references products (tenant_id, id)
        )
    """)
    op.execute("""
        create unique index uq_prices_in_use
        on prices (tenant_id, price_list_id, product_id, min_quantity, valid_from)
        nulls not distinct where archived_at is null
    """)
    op.execute("create index ix_prices_tenant_id_product_id on prices (tenant_id, product_id)")
    op.execute("create index ix_prices_tenant_id_updated_at_id on prices (tenant_id, updated_at, id)")


def downgrade() -> None:
    for table in ("tax_rates", "prices", "price_lists", "product_components", "products"):
        op.execute(f"drop table {table}")
