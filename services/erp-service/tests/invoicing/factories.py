"""What was shipped, as invoicing finds it: orders and shipments are written as rows, without any stock."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import replication
from chassis.db import uuid7
from contracts.order import OrderState, ShipmentKind
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.finance.invoicing import commands
from erp.finance.invoicing.models import Invoice
from erp.finance.invoicing.schemas import InvoiceBody
from erp.ledger.models import Company
from erp.ledger.schemas import CompanyBody
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders.events import ORDER, SHIPMENT
from erp.sales.orders.models import Order, Shipment, ShipmentLine
from erp.sales.orders.records import ORDERS
from records import reads, writes
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

DAY = date(2026, 11, 2)
TERMS: dict[str, Any] = {"days": 14, "discount_days": 7, "discount_percent": "2"}
ADDRESS = {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"}

COMPANY = {"name": "Northwind Traders GmbH", "address": ADDRESS, "country": "DE", "tax_id": "DE136695976"}


async def a_company(session: AsyncSession) -> None:
    """Who issues the invoices, unless somebody has said so already, maybe at this moment."""
    body = CompanyBody.model_validate(COMPANY).model_dump(mode="json")
    await session.execute(insert(Company).values(version=1, **body).on_conflict_do_nothing())


async def a_customer(session: AsyncSession, **values: Any) -> UUID:
    """A customer of a company that says who it is."""
    await a_company(session)
    body = {"name": "Alfreds Futterkiste", "billing_address": ADDRESS, **values}
    return (await writes.create(session, CUSTOMERS, CustomerBody.model_validate(body), "anna")).id


async def a_product(session: AsyncSession) -> UUID:
    return (await writes.create(session, PRODUCTS, ProductBody.model_validate({"name": "Chai"}), "anna")).id


async def an_order(session: AsyncSession, customer_id: UUID, *lines: Mapping[str, str], currency: str = "EUR") -> Order:
    """A confirmed order; a line says what differs from ten at 14.00 with 19 % tax."""
    product_id = await a_product(session)
    row = Order.blank()
    row.id, row.customer_id, row.currency, row.ordered_on = uuid7(), customer_id, currency, DAY
    row.number, row.state = f"SO-{row.id.hex[-12:]}", OrderState.CONFIRMED.value
    for position, line in enumerate(lines or [{}], start=1):
        given = {"quantity": "10", "unit_price": "14", "discount": "0", "tax_rate": "0.19", "description": None, **line}
        row.set_line(uuid7(), {"position": position, "product": str(product_id), "tax_class": "standard", **given})
    replication.created(session, ORDER, row, "anna")
    await session.flush()
    return row


async def ship(session: AsyncSession, row: Order, *quantities: str, on: date = DAY) -> Shipment:
    """Send out that much of each line, in their order; without quantities all that is left."""
    return await _move(session, row, ShipmentKind.SHIPMENT, quantities, on)


async def take_back(session: AsyncSession, row: Order, *quantities: str, on: date = DAY) -> Shipment:
    """The same, the other way."""
    return await _move(session, row, ShipmentKind.RETURN, quantities, on)


async def _move(
    session: AsyncSession, order: Order, kind: ShipmentKind, quantities: Sequence[str], on: date
) -> Shipment:
    row = await reads.by_id(session, ORDERS, order.id, lock=True)
    texts = quantities or [str(line.left) for line in row.lines]
    wanted = {line.id: Decimal(text) for line, text in zip(row.lines, texts, strict=False) if Decimal(text)}
    document = Shipment(
        id=uuid7(),
        kind=kind.value,
        order_id=row.id,
        shipped_on=on,
        carrier=None,
        tracking=None,
        lines=[ShipmentLine(line_id=line_id, quantity=each, invoiced=Decimal(0)) for line_id, each in wanted.items()],
    )
    document.number = f"{'S' if kind is ShipmentKind.SHIPMENT else 'R'}-{document.id.hex[-12:]}"
    with replication.edit(session, ORDER, row, "anna"):
        (row.ship if kind is ShipmentKind.SHIPMENT else row.take_back)(wanted)
    replication.created(session, SHIPMENT, document, "anna")
    await session.flush()
    return document


async def an_invoice(session: AsyncSession, customer_id: UUID, *lines: Mapping[str, str], **values: Any) -> Invoice:
    """An order that was shipped and billed."""
    row = await an_order(session, customer_id, *lines)
    await ship(session, row)
    return await commands.issue(session, InvoiceBody(order_id=row.id, **{"issued_on": DAY, **values}), "anna")
