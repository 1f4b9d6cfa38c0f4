"""Payments as tests need them: customers who owe, and what they have paid."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.db import uuid7
from chassis.testing import item
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.finance.invoicing import commands as invoicing
from erp.finance.invoicing.events import INVOICE
from erp.finance.invoicing.models import CreditNote, Invoice
from erp.finance.invoicing.queries import for_update
from erp.finance.invoicing.schemas import InvoiceBody
from erp.finance.payments.commands import entering
from erp.finance.payments.models import Payment
from erp.finance.payments.schemas import PaymentBody
from erp.ledger import commands as ledger
from erp.ledger.rules import Source
from erp.ledger.schemas import CompanyBody
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders import commands as orders
from erp.sales.orders.schemas import OrderBody, ShipmentBody
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

DAY = date(2026, 11, 2)
IBAN = "DE89370400440532013000"
CANONICAL = UUID("01900000-0000-7000-8000-0000000000aa")
NUMBERS = count(1)
COMPANY = {"name": "Northwind", "address": {"city": "Berlin"}, "country": "DE", "tax_id": "DE136695976"}


async def a_customer(session: AsyncSession, name: str = "Alfreds Futterkiste", **values: Any) -> UUID:
    return (await writes.create(session, CUSTOMERS, CustomerBody.model_validate({"name": name, **values}), "anna")).id


def untaxed(total: str) -> dict[str, Any]:
    """What documents of tests have in common."""
    texts: dict[str, Any] = {"taxes": [], "issuer": {}, "billed_to": {}, "language": "en"}
    return {"net": Decimal(total), "tax": Decimal(0), "total": Decimal(total), **texts}


async def an_invoice(
    session: AsyncSession, customer_id: UUID, total: str = "119", *, currency: str = "EUR", due_on: date = DAY
) -> Invoice:
    """A posted invoice, as a row: what was shipped does not matter to who pays it."""
    row = Invoice(
        id=uuid7(),
        number=f"INV-2026-{next(NUMBERS):06}",
        customer_id=customer_id,
        issued_on=due_on - timedelta(days=30),
        due_on=due_on,
        currency=currency,
        **untaxed(total),
        settled=Decimal(0),
        dunning_level=0,
        terms=None,
        lines=[],
    )
    replication.created(session, INVOICE, row, "anna")
    await session.flush()
    await _post(session, "invoice", row.customer_id, row.id, currency, row.total)
    return row


async def a_billed_order(session: AsyncSession, customer_id: UUID, **values: Any) -> Invoice:
    """An order of one service for 119 EUR, all the way to its invoice."""
    await ledger.write_company(session, CompanyBody.model_validate(COMPANY), lambda _: None)
    service = {"name": "Tasting", "product_kind": "service", "list_price": {"amount": "119", "currency": "EUR"}}
    product = await writes.create(session, PRODUCTS, ProductBody.model_validate(service), "anna")
    lines = [{"product_id": product.id, "quantity": "1", "tax_rate": "0"}]
    body = {"customer_id": customer_id, "currency": "EUR", "ordered_on": DAY, "lines": lines, **values}
    row = await orders.create(session, OrderBody.model_validate(body), "anna")
    await orders.submit(session, row.id, "anna")
    await orders.confirm(session, row.id, "anna")
    await orders.ship(session, row.id, ShipmentBody(shipped_on=DAY), "anna")
    return await invoicing.issue(session, InvoiceBody(order_id=row.id, issued_on=DAY), "anna")


async def a_credit(session: AsyncSession, invoice: Invoice, total: str) -> CreditNote:
    """A posted credit note: it settles the invoice as far as that is open, the rest stays as credit."""
    (row,) = await for_update(session, [invoice.id])
    note = CreditNote(
        id=uuid7(),
        number=f"CN-2026-{next(NUMBERS):06}",
        customer_id=row.customer_id,
        invoice_id=row.id,
        issued_on=DAY,
        currency=row.currency,
        **untaxed(total),
        settled=min(row.open, Decimal(total)),
        reason=None,
        lines=[],
    )
    session.add(note)
    if note.settled:
        await invoicing.settle(session, row, note.settled, "anna")
    await session.flush()
    await _post(session, "credit_note", row.customer_id, note.id, row.currency, note.total)
    return note


async def _post(
    session: AsyncSession, rule: str, customer_id: UUID, document_id: UUID, currency: str, total: Decimal
) -> None:
    amounts = {"net": total, "tax": Decimal(0)}
    source = Source(rule, document_id)
    await ledger.post(
        session, rule, on=DAY, currency=currency, amounts=amounts, source=source, actor="anna", party_id=customer_id
    )


async def a_payment(session: AsyncSession, customer_id: UUID | None, amount: str = "119", **values: Any) -> Payment:
    body = {"customer_id": customer_id, "amount": amount, "currency": "EUR", "received_on": DAY, **values}
    return await entering.enter(session, PaymentBody.model_validate(body), "anna")


def delivery(*, canonical_id: UUID = CANONICAL, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


def delivered_payment(amount: str = "119", **groups: Any) -> dict[str, Any]:
    """A payment that sales has entered in the CRM."""
    payment = {"amount": amount, "currency": "EUR", "direction": "in", "received_on": DAY.isoformat()}
    return delivery(payment=payment, state="entered", **groups)
