"""Orders, their lines, shipments."""

from alembic import op
from migrating.columns import REPLICATED, TENANT

revision = "orders"
down_revision = "inventory"


def replicated(table: str) -> str:
    return f"""
        canonical_id uuid constraint uq_{table}_canonical_id unique,
        {REPLICATED},
        constraint uq_{table}_tenant_id_id unique (tenant_id, id),
        constraint uq_{table}_tenant_id_number unique (tenant_id, number)
    """


def upgrade() -> None:
    op.execute(f"""
        create table orders (
            id uuid constraint pk_orders primary key,
            tenant_id {TENANT},
            number text,
            sales_number text,
            customer_id uuid not null,
            state text not null,
            currency text not null,
            ordered_on date not null,
            required_on date,
            submitted_at timestamptz,
            reference text,
            shipping_address jsonb,
            whole boolean not null default false,
            notes text not null default '',
            reason jsonb,
            request jsonb,
            answer jsonb,
            holds_stock boolean not null default false,
            on_order numeric(19, 4) not null default 0,
            {replicated("orders")},
            constraint fk_orders_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id)
        )
    """)
    op.execute("create index ix_orders_tenant_id_ordered_on_id on orders (tenant_id, ordered_on, id)")
    op.execute("create index ix_orders_tenant_id_updated_at_id on orders (tenant_id, updated_at, id)")
    op.execute("create index ix_orders_customer_id_ordered_on on orders (customer_id, ordered_on)")
    op.execute("create index ix_orders_tenant_id_sales_number on orders (tenant_id, sales_number)")
    op.execute("create index ix_orders_tenant_id_reference on orders (tenant_id, reference)")
    op.execute("create index ix_orders_on_order on orders (customer_id) where on_order <> 0")
    # The worker asks for these every few milliseconds; the index holds what is left to do and nothing else.
    op.execute("""
        create index ix_orders_left_to_do on orders (submitted_at, id) where
            archived_at is null and (
                state = 'submitted'
                or (state = 'cancelled' and holds_stock)
                or (request is not null and (answer is null or answer ->> 'request' <> request ->> 'id'))
            )
    """)
    op.execute(f"""
        create table order_lines (
            id uuid constraint pk_order_lines primary key,
            tenant_id {TENANT},
            order_id uuid not null constraint fk_order_lines_order_id references orders (id),
            position integer not null,
            product_id uuid not null,
            description text,
            quantity numeric(19, 4) not null constraint ck_order_lines_quantity check (quantity > 0),
            unit_price numeric(19, 4) not null,
            discount numeric(19, 4) not null,
            tax_class text not null,
            tax_rate numeric(19, 4) not null,
            price_from text not null,
            shipped numeric(19, 4) not null default 0,
            returned numeric(19, 4) not null default 0,
            invoiced numeric(19, 4) not null default 0,
            constraint ck_order_lines_shipped
                check (0 <= returned and returned <= shipped and shipped <= quantity),
            constraint ck_order_lines_invoiced check (0 <= invoiced and invoiced <= shipped),
            constraint fk_order_lines_tenant_id_product_id
                foreign key (tenant_id, product_id) references products (tenant_id, id)
        )
    """)
    op.execute("create index ix_order_lines_order_id on order_lines (order_id)")
    op.execute("create index ix_order_lines_product_id on order_lines (product_id)")
    op.execute(f"""
        create table shipments (
            id uuid constraint pk_shipments primary key,
            tenant_id {TENANT},
            number text not null,
            kind text not null constraint ck_shipments_kind check (kind in ('shipment', 'return')),
            order_id uuid not null,
            shipped_on date not null,
            carrier text,
            tracking text,
            {replicated("shipments")},
            constraint fk_shipments_tenant_id_order_id
                foreign key (tenant_id, order_id) references orders (tenant_id, id)
        )
    """)
    op.execute("create index ix_shipments_tenant_id_shipped_on_id on shipments (tenant_id, shipped_on, id)")
    op.execute("create index ix_shipments_tenant_id_updated_at_id on shipments (tenant_id, updated_at, id)")
    op.execute("create index ix_shipments_order_id on shipments (order_id)")
    op.execute(f"""
        create table shipment_lines (
            shipment_id uuid not null constraint fk_shipment_lines_shipment_id references shipments (id),
            line_id uuid not null constraint fk_shipment_lines_line_id references order_lines (id),
            tenant_id {TENANT},
            quantity numeric(19, 4) not null constraint ck_shipment_lines_quantity check (quantity > 0),
            invoiced numeric(19, 4) not null default 0,
            constraint ck_shipment_lines_invoiced check (0 <= invoiced and invoiced <= quantity),
            constraint pk_shipment_lines primary key (shipment_id, line_id)
        )
    """)
    op.execute("create index ix_shipment_lines_line_id on shipment_lines (line_id)")


def downgrade() -> None:
    for table in ("shipment_lines", "shipments", "order_lines", "orders"):
        op.execute(f"drop table {table}")
