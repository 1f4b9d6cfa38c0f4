"""Invoices, credit notes, payments, balances."""

from alembic import op
from migrating.columns import TENANT, belongs_to, replicated

revision = "receivables"
down_revision = "catalogue"

TABLES = ("invoices", "invoice_lines", "credit_notes", "credit_note_lines", "payments", "balances")


DOCUMENT = """
    customer_id uuid not null,
    number text not null,
    issued_on date not null,
    due_on date,
    currency text not null,
    net numeric(19, 4) not null,
    tax numeric(19, 4) not null,
    total numeric(19, 4) not null,
    taxes jsonb not null
"""


def lines(table: str, column: str, other: str) -> str:
    """The columns of the lines of a document."""
    return f"""
        id uuid constraint pk_{table} primary key,
        tenant_id {TENANT},
        {column} uuid not null constraint fk_{table}_{column} references {other},
        position integer not null,
        order_line uuid,
        description text not null,
        quantity numeric(19, 4) not null,
        unit_price numeric(19, 4) not null,
        discount numeric(19, 4) not null,
        tax_rate numeric(19, 4) not null,
        net numeric(19, 4) not null
    """


def upgrade() -> None:
    op.execute(f"""
        create table invoices ({replicated("invoices")}, {DOCUMENT},
            state text not null,
            settled numeric(19, 4) not null,
            open numeric(19, 4) not null,
            dunning_level integer not null,
            constraint uq_invoices_tenant_id_id unique (tenant_id, id),
            {belongs_to("invoices", "customer_id", "customers")}
        )
    """)
    op.execute(f"create table invoice_lines ({lines('invoice_lines', 'invoice_id', 'invoices')})")
    op.execute(f"""
        create table credit_notes ({replicated("credit_notes")}, {DOCUMENT},
            invoice_id uuid not null,
            {belongs_to("credit_notes", "customer_id", "customers")},
            {belongs_to("credit_notes", "invoice_id", "invoices")}
        )
    """)
    op.execute(f"create table credit_note_lines ({lines('credit_note_lines', 'credit_note_id', 'credit_notes')})")
    op.execute(f"""
        create table payments ({replicated("payments")},
            customer_id uuid,
            state text not null constraint ck_payments_state check (state in ('entered', 'booked', 'reversed')),
            amount numeric(19, 4) not null,
            currency text not null,
            direction text not null constraint ck_payments_direction check (direction in ('in', 'out')),
            received_on date not null,
            reference text,
            reference_key text,
            note text,
            reason text,
            allocation jsonb,
            constraint uq_payments_tenant_id_reference_key_direction_currency
                unique (tenant_id, reference_key, direction, currency),
            {belongs_to("payments", "customer_id", "customers")}
        )
    """)
    op.execute(f"""
        create table balances ({replicated("balances")},
            customer_id uuid not null,
            currency text not null,
            open numeric(19, 4) not null,
            on_order numeric(19, 4) not null,
            credit_limit numeric(19, 4),
            credit_left numeric(19, 4),
            blocked boolean not null,
            constraint uq_balances_tenant_id_customer_id_currency unique (tenant_id, customer_id, currency),
            {belongs_to("balances", "customer_id", "customers")}
        )
    """)
    for table, columns in (
        ("invoices", ("tenant_id", "number")),
        ("invoices", ("tenant_id", "issued_on", "id")),
        ("invoices", ("tenant_id", "customer_id", "due_on")),
        ("invoice_lines", ("invoice_id",)),
        ("invoice_lines", ("tenant_id", "order_line")),
        ("credit_notes", ("tenant_id", "number")),
        ("credit_notes", ("tenant_id", "issued_on", "id")),
        ("credit_notes", ("tenant_id", "customer_id")),
        ("credit_notes", ("tenant_id", "invoice_id")),
        ("credit_note_lines", ("credit_note_id",)),
        ("credit_note_lines", ("tenant_id", "order_line")),
        ("payments", ("tenant_id", "received_on", "id")),
        ("payments", ("tenant_id", "customer_id", "received_on")),
    ):
        op.execute(f"create index ix_{table}_{'_'.join(columns)} on {table} ({', '.join(columns)})")
    op.execute("create index ix_invoices_open on invoices (tenant_id, currency, customer_id) where open > 0")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
