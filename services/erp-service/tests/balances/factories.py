"""What balances follow from: customers, invoices, orders and payments, as rows that the books know."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.db import uuid7
from contracts.order import OrderState
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import CreditNote, Invoice
from erp.finance.payments.commands import entering
from erp.finance.payments.models import Payment
from erp.finance.payments.schemas import PaymentBody
from erp.ledger import commands as ledger
from erp.ledger.rules import Source
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

DAY = date(2026, 11, 2)
NUMBERS = count(1)
LIMIT: dict[str, Any] = {"limit": "1000", "currency": "EUR"}


async def a_customer(session: AsyncSession, name: str = "Alfreds Futterkiste", **values: Any) -> UUID:
    return (await writes.create(session, CUSTOMERS, CustomerBody.model_validate({"name": name, **values}), "anna")).id


async def an_invoice(
    session: AsyncSession, customer_id: UUID, total: str = "119", *, currency: str = "EUR", overdue: int = 0
) -> Invoice:
    """A posted invoice that was due so many days before `DAY`."""
    row = Invoice(
        **_document(customer_id, total, currency), due_on=DAY - timedelta(days=overdue), dunning_level=0, terms=None
    )
    replication.created(session, INVOICE, row, "anna")
    await session.flush()
    await _post(session, "invoice", row)
    return row


async def a_credit(session: AsyncSession, invoice: Invoice, total: str) -> CreditNote:
    """A posted credit note of which nothing is used."""
    row = CreditNote(**_document(invoice.customer_id, total, invoice.currency), invoice_id=invoice.id, reason=None)
    session.add(row)
    await session.flush()
    await _post(session, "credit_note", row)
    return row


def _document(customer_id: UUID, total: str, currency: str) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "number": f"D-{next(NUMBERS):06}",
        "customer_id": customer_id,
        "issued_on": DAY,
        "currency": currency,
        "net": Decimal(total),
        "tax": Decimal(0),
        "total": Decimal(total),
        "taxes": [],
        "issuer": {},
        "billed_to": {},
        "language": "en",
        "settled": Decimal(0),
        "lines": [],
    }


async def _post(session: AsyncSession, rule: str, row: Invoice | CreditNote) -> None:
    amounts = {"net": row.total, "tax": Decimal(0)}
    on, source = row.issued_on, Source(rule, row.id)
    party = row.customer_id
    await ledger.post(
        session, rule, on=on, currency=row.currency, amounts=amounts, source=source, actor="anna", party_id=party
    )


async def an_order(session: AsyncSession, customer_id: UUID, on_order: str, currency: str = "EUR") -> Order:
    """An order that is confirmed and not invoiced yet."""
    row = Order.blank()
    row.id, row.customer_id, row.currency, row.ordered_on = uuid7(), customer_id, currency, DAY
    row.number, row.state, row.on_order = f"SO-{next(NUMBERS):06}", OrderState.CONFIRMED.value, Decimal(on_order)
    replication.created(session, ORDER, row, "anna")
    await session.flush()
    return row


async def a_payment(session: AsyncSession, customer_id: UUID | None, amount: str, **values: Any) -> Payment:
    body = {"customer_id": customer_id, "amount": amount, "currency": "EUR", "received_on": DAY, **values}
    return await entering.enter(session, PaymentBody.model_validate(body), "anna")
