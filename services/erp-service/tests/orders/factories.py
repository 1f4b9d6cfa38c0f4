"""Orders, and who orders what, as tests need them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.db import uuid7
from chassis.testing import item
from contracts.order import OrderState
from erp.catalogue.products.records import PRODUCTS
from erp.catalogue.products.schemas import ProductBody
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders import commands
from erp.sales.orders.models import Order, OrderLine
from erp.sales.orders.schemas import OrderBody
from erp.warehouse.stock import commands as inventory
from records import writes
from sqlalchemy.ext.asyncio import AsyncSession

CANONICAL = UUID("01900000-0000-7000-8000-00000000000a")
DAY = date(1996, 7, 4)


def line(quantity: str = "10", unit_price: str = "14", **values: Any) -> OrderLine:
    """A line of an order that is in no database."""
    given: dict[str, Any] = {"discount": "0", "tax_rate": "0.19", "shipped": "0", "returned": "0", "invoiced": "0"}
    amounts = {**given, "quantity": quantity, "unit_price": unit_price, **values}
    return OrderLine(
        id=uuid7(),
        position=1,
        product_id=uuid7(),
        description=None,
        tax_class="standard",
        price_from="entered",
        **{name: Decimal(amount) for name, amount in amounts.items()},
    )


def order(state: OrderState = OrderState.DRAFT, lines: Sequence[OrderLine] = (), **values: Any) -> Order:
    """An order that is in no database, and that all have seen already."""
    row = Order.blank()
    row.id, row.customer_id, row.currency, row.ordered_on, row.seq = uuid7(), uuid7(), "EUR", DAY, 1
    row.state, row.lines = state.value, list(lines)
    for name, value in values.items():
        setattr(row, name, value)
    return row


async def a_customer(session: AsyncSession, **values: Any) -> UUID:
    """A customer in Germany."""
    address = {"lines": ["Obere Str. 57"], "postal_code": "12209", "city": "Berlin", "country": "DE"}
    body = CustomerBody.model_validate({"name": "Alfreds", "billing_address": address, **values})
    return (await writes.create(session, CUSTOMERS, body, "anna")).id


async def a_product(session: AsyncSession, stock: int | str = 0, **values: Any) -> UUID:
    """A product at a list price of 10 EUR, of which this much lies there."""
    price = {"amount": "10", "currency": "EUR"}
    body = ProductBody.model_validate({"name": "Chai", "list_price": price, **values})
    product_id = (await writes.create(session, PRODUCTS, body, "anna")).id
    await receive(session, product_id, stock)
    return product_id


async def receive(session: AsyncSession, product_id: UUID, quantity: int | str) -> None:
    """Goods that come in, on a day before any order."""
    if Decimal(quantity):
        await inventory.receive(session, product_id, Decimal(quantity), Decimal(6), on=date(1996, 1, 1), actor="anna")


async def a_draft(session: AsyncSession, customer_id: UUID, *wanted: tuple[UUID, int | str], **values: Any) -> Order:
    """An order of these products and quantities, at their list price, untaxed."""
    lines = [{"product_id": product_id, "quantity": str(quantity), "tax_rate": "0"} for product_id, quantity in wanted]
    body = OrderBody.model_validate({"customer_id": customer_id, "lines": lines, "ordered_on": DAY, **values})
    return await commands.create(session, body, "anna")


async def a_submitted(
    session: AsyncSession, customer_id: UUID, *wanted: tuple[UUID, int | str], **values: Any
) -> Order:
    """The same, handed in."""
    row = await a_draft(session, customer_id, *wanted, **values)
    return await commands.submit(session, row.id, "anna")


async def a_confirmed(
    session: AsyncSession, customer_id: UUID, *wanted: tuple[UUID, int | str], **values: Any
) -> Order:
    """The same, confirmed."""
    row = await a_submitted(session, customer_id, *wanted, **values)
    return await commands.confirm(session, row.id, "anna")


def delivery(canonical_id: UUID = CANONICAL, /, **groups: Any) -> dict[str, Any]:
    return item(canonical_id, **groups)


def line_value(product_id: UUID, quantity: str = "3", position: int = 1) -> dict[str, Any]:
    """A line as another system sends it."""
    return {
        "position": position,
        "product": str(product_id),
        "description": None,
        "quantity": quantity,
        "unit_price": "10.00",
        "discount": "0",
        "tax_class": "standard",
        "tax_rate": "0.19",
    }
