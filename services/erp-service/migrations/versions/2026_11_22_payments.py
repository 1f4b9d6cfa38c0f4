"""Bank accounts, payments, allocations, statements."""

from alembic import op
from migrating.columns import REPLICATED, TENANT

revision = "payments"
down_revision = "invoicing"

WAITING = "waits and allocated < amount and direction = 'in' and state = 'booked' and posted_state = 'booked'"
DUE = "posted_state <> state or (state = 'booked' and customer_id is distinct from posted_customer_id)"


def upgrade() -> None:
    _bank_accounts()
    _payments()
    _allocations()
    _statements()


def _bank_accounts() -> None:
    op.execute(f"""
        create table bank_accounts (
            id uuid constraint pk_bank_accounts primary key,
            tenant_id {TENANT},
            name text not null,
            iban text not null,
            currency text not null,
            version integer not null default 1,
            archived_at timestamptz,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint uq_bank_accounts_tenant_id_id unique (tenant_id, id),
            constraint uq_bank_accounts_tenant_id_iban unique (tenant_id, iban)
        )
    """)


def _payments() -> None:
    op.execute(f"""
        create table payments (
            id uuid constraint pk_payments primary key,
            tenant_id {TENANT},
            customer_id uuid,
            bank_account_id uuid,
            direction text not null constraint ck_payments_direction check (direction in ('in', 'out')),
            amount numeric(19, 4) not null constraint ck_payments_amount check (amount > 0),
            currency text not null,
            received_on date not null,
            reference text,
            reference_key text,
            note text,
            reason text,
            state text not null constraint ck_payments_state check (state in ('entered', 'booked', 'reversed')),
            allocated numeric(19, 4) not null default 0
                constraint ck_payments_allocated check (allocated between 0 and amount),
            posted_state text not null default 'nothing'
                constraint ck_payments_posted_state check (posted_state in ('nothing', 'booked', 'reversed')),
            posted_customer_id uuid,
            waits boolean not null default true,
            tries integer not null default 0,
            try_at timestamptz,
            canonical_id uuid constraint uq_payments_canonical_id unique,
            {REPLICATED},
            constraint ck_payments_allocated_when_booked check (
                allocated = 0
                or (direction = 'in' and posted_state = 'booked' and posted_customer_id is not null)
            ),
            constraint uq_payments_tenant_id_id unique (tenant_id, id),
            constraint uq_payments_tenant_id_reference_key_direction_currency
                unique (tenant_id, reference_key, direction, currency),
            constraint fk_payments_tenant_id_customer_id
                foreign key (tenant_id, customer_id) references customers (tenant_id, id),
            constraint fk_payments_tenant_id_bank_account_id
                foreign key (tenant_id, bank_account_id) references bank_accounts (tenant_id, id)
        )
    """)
    op.execute("create index ix_payments_tenant_id_received_on_id on payments (tenant_id, received_on, id)")
    op.execute(
        "create index ix_payments_tenant_id_customer_id_received_on on payments (tenant_id, customer_id, received_on)"
    )
    op.execute(f"create index ix_payments_due on payments (created_at) where {DUE}")
    op.execute(f"create index ix_payments_waiting on payments (customer_id, currency) where {WAITING}")
    op.execute("create index ix_payments_unallocated on payments (tenant_id, customer_id) where allocated < amount")


def _allocations() -> None:
    op.execute(f"""
        create table payment_allocations (
            id uuid constraint pk_payment_allocations primary key,
            tenant_id {TENANT},
            payment_id uuid not null,
            invoice_id uuid not null,
            invoice_number text not null,
            amount numeric(19, 4) not null constraint ck_payment_allocations_amount check (amount > 0),
            how text not null
                constraint ck_payment_allocations_how check (how in ('reference', 'oldest', 'hand')),
            made_by text not null,
            made_at timestamptz not null,
            undone_at timestamptz,
            constraint fk_payment_allocations_tenant_id_payment_id
                foreign key (tenant_id, payment_id) references payments (tenant_id, id),
            constraint fk_payment_allocations_tenant_id_invoice_id
                foreign key (tenant_id, invoice_id) references invoices (tenant_id, id)
        )
    """)
    op.execute(
        "create index ix_payment_allocations_tenant_id_payment_id on payment_allocations (tenant_id, payment_id)"
    )
    op.execute(
        "create index ix_payment_allocations_tenant_id_invoice_id on payment_allocations (tenant_id, invoice_id)"
    )
    # The sum that the check of `payments` bounds is the sum of the allocations, whatever the code does.
    op.execute("""
        create function payment_allocations_add_up() returns trigger
        language plpgsql security definer set search_path = public as $$
        declare
            payment uuid := coalesce(to_jsonb(new) ->> 'payment_id', to_jsonb(new) ->> 'id');
        begin
            if (select allocated from payments where id = payment) <> (
                select coalesce(sum(amount), 0) from payment_allocations
                where payment_id = payment and undone_at is null
            ) then
                raise exception 'the allocations of payment % are not what it says', payment
                    using errcode = 'check_violation';
            end if;
            return null;
        end
        $$
    """)
    for table, event in (("payments", "update of allocated"), ("payment_allocations", "insert or update")):
        op.execute(f"""
            create constraint trigger {table}_add_up after {event} on {table}
            deferrable initially deferred for each row execute function payment_allocations_add_up()
        """)


def _statements() -> None:
    op.execute(f"""
        create table bank_statements (
            id uuid constraint pk_bank_statements primary key,
            tenant_id {TENANT},
            bank_account_id uuid not null,
            identifier text not null,
            format text not null constraint ck_bank_statements_format check (format in ('camt.053', 'csv')),
            opened_on date,
            closed_on date,
            opening_balance numeric(19, 4),
            closing_balance numeric(19, 4),
            imported_by text not null,
            imported_at timestamptz not null,
            constraint uq_bank_statements_tenant_id_id unique (tenant_id, id),
            constraint uq_bank_statements_tenant_id_bank_account_id_identifier
                unique (tenant_id, bank_account_id, identifier),
            constraint fk_bank_statements_tenant_id_bank_account_id
                foreign key (tenant_id, bank_account_id) references bank_accounts (tenant_id, id)
        )
    """)
    op.execute(
        "create index ix_bank_statements_tenant_id_imported_at_id on bank_statements (tenant_id, imported_at, id)"
    )
    op.execute(f"""
        create table bank_statement_lines (
            id uuid constraint pk_bank_statement_lines primary key,
            tenant_id {TENANT},
            statement_id uuid not null,
            bank_account_id uuid not null,
            position integer not null,
            key text not null,
            booked_on date not null,
            direction text not null constraint ck_bank_statement_lines_direction check (direction in ('in', 'out')),
            amount numeric(19, 4) not null constraint ck_bank_statement_lines_amount check (amount > 0),
            currency text not null,
            bank_reference text,
            end_to_end_id text,
            counterparty_name text,
            counterparty_iban text,
            remittance text not null,
            state text not null,
            proposal jsonb,
            reason text,
            payment_id uuid,
            decided_by text,
            decided_at timestamptz,
            constraint ck_bank_statement_lines_state check (state in ('matched', 'proposed', 'accepted', 'ignored')),
            constraint ck_bank_statement_lines_payment_id
                check ((payment_id is not null) = (state in ('matched', 'accepted'))),
            constraint uq_bank_statement_lines_tenant_id_bank_account_id_key unique (tenant_id, bank_account_id, key),
            constraint uq_bank_statement_lines_tenant_id_payment_id unique (tenant_id, payment_id),
            constraint fk_bank_statement_lines_tenant_id_statement_id
                foreign key (tenant_id, statement_id) references bank_statements (tenant_id, id),
            constraint fk_bank_statement_lines_tenant_id_payment_id
                foreign key (tenant_id, payment_id) references payments (tenant_id, id)
        )
    """)
    op.execute(
        "create index ix_bank_statement_lines_tenant_id_statement_id_position "
        "on bank_statement_lines (tenant_id, statement_id, position)"
    )
    op.execute(
        "create index ix_bank_statement_lines_tenant_id_counterparty_iban "
        "on bank_statement_lines (tenant_id, counterparty_iban)"
    )


def downgrade() -> None:
    tables = ("bank_statement_lines", "bank_statements", "payment_allocations", "payments", "bank_accounts")
    for table in tables:
        op.execute(f"drop table {table}")
    op.execute("drop function payment_allocations_add_up")
