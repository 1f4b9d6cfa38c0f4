"""What the worker does, on a real database, for all tenants."""

from uuid import UUID, uuid4

import pytest
from chassis.db import Sessions, transaction
from contracts.order import OrderState
from erp.finance.invoicing import commands
from erp.finance.invoicing.handlers import close_paid
from erp.finance.invoicing.schemas import InvoiceBody
from erp.sales.orders.records import ORDERS
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_customer, an_order, ship, take_back

pytestmark = pytest.mark.servers


async def half_billed(session: AsyncSession, *, paid: bool) -> UUID:
    """An order that was billed in part; the rest came back."""
    order = await an_order(session, await a_customer(session))
    await ship(session, order, "6")
    invoice = await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    if paid:
        await commands.settle(session, invoice, invoice.total, "anna")
    await ship(session, order, "4")
    await take_back(session, order, "4")
    return order.id


async def test_an_order_closes_when_its_last_unpaid_goods_came_back(working: Sessions) -> None:
    tenants = {uuid4(): True, uuid4(): False}
    order_ids = []
    for tenant, paid in tenants.items():
        async with transaction(working, tenant) as session:
            order_ids.append(await half_billed(session, paid=paid))
    await close_paid(working)
    states = []
    for tenant, order_id in zip(tenants, order_ids, strict=True):
        async with transaction(working, tenant) as session:
            states.append((await reads.by_id(session, ORDERS, order_id)).present)
    assert states == [OrderState.CLOSED, OrderState.INVOICED]
