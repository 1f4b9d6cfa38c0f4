"""Receivables of a customer: invoices, credit notes, payments, balances."""

from contracts.charge import BilledCharges
from contracts.kinds import same
from contracts.kinds.custom_field import own_fields
from contracts.kinds.match import strong
from contracts.kinds.policies import machine, newest, strict
from contracts.kinds.table import READS, WRITES, KindTable, group, reference
from contracts.receivable import (
    AllocationState,
    Balance,
    InvoiceDocument,
    InvoiceLines,
    PaymentAmount,
    PaymentState,
    Settlement,
    payment_states_after,
)
from contracts.text import OptionalNameText, OptionalShortText

ERP = strict("erp")
ERP_ONCE_LINKED = strict("erp", once_linked=True)

DOCUMENT = group("document", InvoiceDocument, ERP, same=same.amounts("net", "tax", "total", "rate"), required=True)
LINES = group(
    "lines",
    InvoiceLines,
    ERP,
    same=same.amounts("quantity", "unit_price", "discount", "tax_rate", "net"),
    required=True,
)

CHARGES = group("charges", BilledCharges | None, ERP, same=same.amounts("amount", "tax_rate"))

INVOICE = KindTable(
    "invoice",
    holders={"erp": WRITES, "crm": READS},
    currency="document.currency",
    life=ERP,
    groups=(
        reference("customer", ERP, required=True),
        DOCUMENT,
        LINES,
        CHARGES,
        group("settlement", Settlement, ERP, same=same.amounts("settled", "open"), required=True),
    ),
)

CREDIT_NOTE = KindTable(
    "credit_note",
    holders={"erp": WRITES, "crm": READS},
    currency="document.currency",
    life=ERP,
    groups=(
        reference("customer", ERP, required=True),
        reference("invoice", ERP, required=True),
        DOCUMENT,
        LINES,
        CHARGES,
    ),
)

PAYMENT = KindTable(
    "payment",
    holders={"crm": WRITES, "erp": WRITES},
    currency="payment.currency",
    groups=(
        group(
            "state",
            PaymentState,
            machine({state: payment_states_after(state) for state in PaymentState}),
            required=True,
        ),
        reference("customer", ERP_ONCE_LINKED),
        group("payment", PaymentAmount, ERP_ONCE_LINKED, same=same.amounts("amount"), required=True),
        # The reference of the bank or the payer: with direction and currency it identifies the payment.
        group("reference", OptionalShortText, ERP_ONCE_LINKED, strong("payment", "payment")),
        # The text of the payer: usually numbers of invoices.
        group("note", OptionalNameText, ERP_ONCE_LINKED, same=same.prose),
        group("reason", OptionalNameText, newest),
        group("allocation", AllocationState | None, ERP, same=same.amounts("allocated", "unallocated", "amount")),
        own_fields(newest),
    ),
)

BALANCE = KindTable(
    "balance",
    holders={"erp": WRITES, "crm": READS},
    life=ERP,
    derived=True,
    groups=(
        reference("customer", ERP, required=True),
        group(
            "balance",
            Balance,
            ERP,
            same=same.amounts("open", "on_order", "credit_limit", "credit_left"),
            required=True,
        ),
    ),
)
