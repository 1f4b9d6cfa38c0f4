"""Declarations of payments and bank accounts."""

from contracts.normalise import reference_key
from contracts.receivable import Direction, PaymentState
from records import Filters, Record, routes
from sqlalchemy import and_, select
from sqlalchemy.orm import selectinload

from erp.finance.invoicing.records import INVOICES
from erp.finance.payments import checks
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.models import Allocation, BankAccount, Payment
from erp.finance.payments.schemas import (
    BankAccountBody,
    BankAccountOut,
    PaymentBody,
    PaymentFilters,
    PaymentNotes,
    PaymentOut,
)
from erp.parties.customers.records import CUSTOMERS

CAME_IN = and_(Payment.state == PaymentState.BOOKED, Payment.direction == Direction.IN)
SETTLING = select(Allocation.payment_id).where(Allocation.undone_at.is_(None))
BANK_ACCOUNTS = Record(
    "bank_account",
    scope="payments",
    tag="bank-accounts",
    row=BankAccount,
    body=BankAccountBody,
    out=BankAccountOut,
    filters=Filters,
    sort=("name", "iban"),
    prepare=checks.bank_account,
)
PAYMENTS = Record(
    "payment",
    row=Payment,
    new=PaymentBody,
    body=PaymentNotes,
    out=PaymentOut,
    filters=PaymentFilters,
    sort=("received_on", "amount", "created_at", "updated_at"),
    order="-received_on",
    verbs=("create", "list", "read", "change", "batch", "export"),
    kind=PAYMENT,
    expands={"customer_id": CUSTOMERS, "bank_account_id": BANK_ACCOUNTS, "allocations.invoice_id": INVOICES},
    allows=lambda row: row.verbs,
    actions={"assign": (), "reverse": (), "allocations": ()},
    loads=(selectinload(Payment.allocations),),
    where={
        "reference": lambda reference: Payment.reference_key == reference_key(reference),
        "invoice_id": lambda invoice_id: Payment.id.in_(SETTLING.where(Allocation.invoice_id == invoice_id)),
        "unassigned": lambda wanted: Payment.customer_id.is_(None) if wanted else Payment.customer_id.is_not(None),
        "unallocated": lambda wanted: and_(
            CAME_IN, Payment.allocated < Payment.amount if wanted else Payment.allocated == Payment.amount
        ),
        "received_from": lambda day: Payment.received_on >= day,
        "received_until": lambda day: Payment.received_on <= day,
    },
)
bank_accounts = routes(
    BANK_ACCOUNTS,
    without={"batch"},
    names={"create": "open_bank_account"},
    says={
        "create": "Add a bank account of the company; its statements are recognised by the IBAN.",
        "change": "Rename a bank account.",
        "archive": "Archive a bank account; its payments stay. `restore` restores it.",
    },
)
