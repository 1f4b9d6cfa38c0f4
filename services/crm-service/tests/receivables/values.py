"""What is delivered of each kind."""

from typing import Any
from uuid import UUID

from .factories import document, line, paid, settlement

CUSTOMER, INVOICE_ID = str(UUID(int=1)), str(UUID(int=2))
LINES = [line("60.5", discount="0.05"), line("39.5", None)]
VALUES: dict[str, dict[str, Any]] = {
    "invoice": {
        "customer": CUSTOMER,
        "document": document(1, "100"),
        "lines": LINES,
        "settlement": settlement("100", "40", 2),
    },
    "credit_note": {
        "customer": CUSTOMER,
        "invoice": INVOICE_ID,
        "document": document(2, "100", due_on=None),
        "lines": LINES,
    },
    "payment": {
        "customer": CUSTOMER,
        "payment": paid(),
        "state": "booked",
        "reference": "BANK 4711",
        "note": "2026-000001",
        "reason": "as agreed",
        "allocation": {
            "allocated": "100.00", "unallocated": "19.00",
            "invoices": [{"invoice": "2026-000001", "amount": "100.00"}],
        },
    },
    "balance": {
        "customer": CUSTOMER,
        "balance": {
            "currency": "EUR", "open": "-5.50", "on_order": "10.00", "credit_limit": None, "credit_left": None,
            "blocked": True,
        },
    },
}  # fmt: skip
