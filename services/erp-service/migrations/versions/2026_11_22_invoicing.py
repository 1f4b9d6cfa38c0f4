"""Invoices, credit notes, dunning."""

from alembic import op
from migrating.columns import REPLICATED, TENANT

revision = "invoicing"
down_revision = "orders"

DOCUMENT = """
    number text not null,
    customer_id uuid not null,
    issued_on date not null,
    currency text not null,
    net numeric(19, 4) not null,
    tax numeric(19, 4) not null,
    total numeric(19, 4) not null constraint ck_{table}_total check (total = net + tax),
    taxes jsonb not null,
    issuer jsonb not null,
    billed_to jsonb not null,
    language text not null,
    settled numeric(19, 4) not null default 0 constraint ck_{table}_settled check (settled between 0 and total),
    constraint uq_{table}_tenant_id_number unique (tenant_id, number),
    constraint fk_{table}_tenant_id_customer_id
        foreign key (tenant_id, customer_id) references customers (tenant_id, id)
"""
LINE = """
    position integer not null,
    order_line_id uuid not null,
    order_id uuid not null,
    shipment_id uuid,
    description text not null,
    quantity numeric(19, 4) not null constraint ck_{table}_quantity check (quantity > 0),
    unit_price numeric(19, 4) not null,
    discount numeric(19, 4) not null,
    tax_rate numeric(19, 4) not null,
    net numeric(19, 4) not null
"""
MAY_CHANGE = {
    "invoices": "'{settled,dunning_level,dunned_on,canonical_id,version,seq,hlc,merged_seq,sync,peers,updated_at}'",
    "credit_notes": "'{settled,canonical_id,version,seq,hlc,merged_seq,sync,peers,updated_at}'",
    "invoice_lines": "'{credited}'",
    "credit_note_lines": "'{}'",
}


def upgrade() -> None:
    _documents()
    _lines()
    op.execute(f"""
        create table dunning_policies (
            tenant_id {TENANT} constraint pk_dunning_policies primary key,
            days integer[] not null,
            version integer not null
        )
    """)
    # What was issued stays as it is, whatever the code does: a mistake is put right by a credit note.
    op.execute("""
        create function refuse_to_change_document() returns trigger language plpgsql as $$
        begin
            if tg_op = 'DELETE' then
                raise exception '% are never deleted', tg_table_name using errcode = 'restrict_violation';
            end if;
            if to_jsonb(new) - tg_argv[0]::text[] is distinct from to_jsonb(old) - tg_argv[0]::text[] then
                raise exception '% are never changed', tg_table_name using errcode = 'restrict_violation';
            end if;
            return new;
        end $$
    """)
    for table, columns in MAY_CHANGE.items():
        op.execute(f"""
            create trigger {table}_stay before update or delete on {table}
            for each row execute function refuse_to_change_document({columns})
        """)


def _documents() -> None:
    op.execute(f"""
        create table invoices (
            id uuid constraint pk_invoices primary key,
            tenant_id {TENANT},
            {DOCUMENT.format(table="invoices")},
            due_on date not null,
            terms jsonb,
            dunning_level integer not null default 0
                constraint ck_invoices_dunning_level check (dunning_level between 0 and 9),
            dunned_on date,
            canonical_id uuid constraint uq_invoices_canonical_id unique,
            {REPLICATED},
            constraint uq_invoices_tenant_id_id unique (tenant_id, id)
        )
    """)
    op.execute("create index ix_invoices_tenant_id_issued_on_id on invoices (tenant_id, issued_on, id)")
    op.execute(
        "create index ix_invoices_tenant_id_customer_id_issued_on on invoices (tenant_id, customer_id, issued_on)"
    )
    op.execute("create index ix_invoices_open on invoices (tenant_id, due_on, number) where settled < total")
    op.execute(f"""
        create table credit_notes (
            id uuid constraint pk_credit_notes primary key,
            tenant_id {TENANT},
            {DOCUMENT.format(table="credit_notes")},
            invoice_id uuid not null,
            reason text,
            canonical_id uuid constraint uq_credit_notes_canonical_id unique,
            {REPLICATED},
            constraint fk_credit_notes_tenant_id_invoice_id
                foreign key (tenant_id, invoice_id) references invoices (tenant_id, id)
        )
    """)
    op.execute("create index ix_credit_notes_tenant_id_issued_on_id on credit_notes (tenant_id, issued_on, id)")
    op.execute(
        "create index ix_credit_notes_tenant_id_customer_id_issued_on "
        "on credit_notes (tenant_id, customer_id, issued_on)"
    )
    op.execute("create index ix_credit_notes_tenant_id_invoice_id on credit_notes (tenant_id, invoice_id)")


def _lines() -> None:
    op.execute(f"""
        create table invoice_lines (
            id uuid constraint pk_invoice_lines primary key,
            tenant_id {TENANT},
            invoice_id uuid not null constraint fk_invoice_lines_invoice_id references invoices (id),
            {LINE.format(table="invoice_lines")},
            credited numeric(19, 4) not null default 0
                constraint ck_invoice_lines_credited check (credited between 0 and quantity)
        )
    """)
    op.execute(
        "create index ix_invoice_lines_tenant_id_invoice_id_position on invoice_lines (tenant_id, invoice_id, position)"
    )
    op.execute("create index ix_invoice_lines_tenant_id_order_id on invoice_lines (tenant_id, order_id)")
    op.execute("create index ix_invoice_lines_tenant_id_order_line_id on invoice_lines (tenant_id, order_line_id)")
    op.execute(f"""
        create table credit_note_lines (
            id uuid constraint pk_credit_note_lines primary key,
            tenant_id {TENANT},
            credit_note_id uuid not null constraint fk_credit_note_lines_credit_note_id references credit_notes (id),
            invoice_line_id uuid not null constraint fk_credit_note_lines_invoice_line_id references invoice_lines (id),
            {LINE.format(table="credit_note_lines")}
        )
    """)
    op.execute(
        "create index ix_credit_note_lines_tenant_id_credit_note_id_position "
        "on credit_note_lines (tenant_id, credit_note_id, position)"
    )
    op.execute("create index ix_credit_note_lines_tenant_id_order_id on credit_note_lines (tenant_id, order_id)")


def downgrade() -> None:
    for table in ("dunning_policies", "credit_note_lines", "invoice_lines", "credit_notes", "invoices"):
        op.execute(f"drop table {table}")
    op.execute("drop function refuse_to_change_document")
