"""Numbers, orders, their lines, shipments."""

from alembic import op
from migrating import counters
from migrating.columns import REPLICATED, TENANT

revision = "orders"
down_revision = "receivables"


def upgrade() -> None:
    counters.upgrade()
    op.execute(f"""
        create table orders (
            id uuid constraint pk_orders primary key,
            tenant_id {TENANT},
            sales_number text,
            number text,
            reference text,
            customer_id uuid not null,
            state text not null constraint ck_orders_state check (state in (
                'draft', 'submitted', 'on_hold', 'confirmed', 'partly_shipped', 'shipped', 'invoiced', 'closed',
                'cancelled'
            )),
            currency text not null,
            ordered_on date not null,
            required_on date,
            submitted_at timestamptz,
            shipping_address jsonb,
            whole boolean not null default false,
            notes text not null default '',
            reason jsonb,
            request jsonb,
            answer jsonb,
            request_open boolean not null default false,
            net numeric(19, 4) not null default 0,
            tax numeric(19, 4) not null default 0,
            total numeric(19, 4) not null default 0,
            search text not null,
            canonical_id uuid constraint uq_orders_canonical_id unique,
            {REPLICATED},
            constraint uq_orders_tenant_id_id unique (tenant_id, id),
            constraint uq_orders_tenant_id_sales_number unique (tenant_id, sales_number),
            constraint fk_orders_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id)
        )
    """)
    op.execute("create index ix_orders_tenant_id_ordered_on_id on orders (tenant_id, ordered_on, id)")
    op.execute("create index ix_orders_tenant_id_updated_at_id on orders (tenant_id, updated_at, id)")
    op.execute("create index ix_orders_tenant_id_customer_id_ordered_on on orders (tenant_id, customer_id, ordered_on)")
    op.execute("create index ix_orders_tenant_id_state_ordered_on on orders (tenant_id, state, ordered_on)")
    op.execute("create index ix_orders_tenant_id_number on orders (tenant_id, number)")
    op.execute(f"""
        create table order_lines (
            order_id uuid not null constraint fk_order_lines_order_id references orders (id),
            id uuid not null,
            tenant_id {TENANT},
            position integer not null,
            product_id uuid not null,
            description text,
            quantity numeric(19, 4) not null,
            unit_price numeric(19, 4) not null,
            discount numeric(19, 4) not null,
            tax_class text not null,
            tax_rate numeric(19, 4) not null,
            price_from text not null,
            price_list_id uuid,
            tax_from text not null,
            constraint pk_order_lines primary key (order_id, id),
            constraint fk_order_lines_tenant_id_product_id
                foreign key (tenant_id, product_id) references products (tenant_id, id)
        )
    """)
    op.execute("create index ix_order_lines_tenant_id_product_id on order_lines (tenant_id, product_id)")
    op.execute(f"""
        create table shipments (
            id uuid constraint pk_shipments primary key,
            tenant_id {TENANT},
            order_id uuid not null,
            number text not null,
            kind text not null constraint ck_shipments_kind check (kind in ('shipment', 'return')),
            shipped_on date not null,
            carrier text,
            tracking text,
            lines jsonb not null,
            canonical_id uuid constraint uq_shipments_canonical_id unique,
            {REPLICATED},
            constraint fk_shipments_tenant_id_order_id
                foreign key (tenant_id, order_id) references orders (tenant_id, id)
        )
    """)
    op.execute("create index ix_shipments_tenant_id_order_id on shipments (tenant_id, order_id)")
    op.execute("create index ix_shipments_tenant_id_shipped_on_id on shipments (tenant_id, shipped_on, id)")


def downgrade() -> None:
    for table in ("shipments", "order_lines", "orders"):
        op.execute(f"drop table {table}")
    counters.downgrade()
