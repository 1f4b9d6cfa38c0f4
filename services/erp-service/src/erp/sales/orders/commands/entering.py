"""Entering an order, changing its draft, and submitting it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from chassis import clock, replication
from chassis.patch import patched
from chassis.replication import edit
from contracts.order import OrderState
from custom_fields.queries import checked_values
from lines.charges import charges_of
from lines.discounts.rules import Roles
from lines.pricing import check_discounts, priced
from lines.terms import Catalogue, Rates, Terms
from records import reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries as products
from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.ledger import queries as ledger
from erp.parties.customers.models import Customer
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders.commands.numbering import give_number
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order, OrderSetting
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import Action, CustomerArchived, NothingOrdered, ProductArchived, require
from erp.sales.orders.schemas import OrderBody

HEAD = frozenset(OrderBody.model_fields) - {"lines", "charges"}


def _sellable(product: Product) -> None:
    if product.archived_at is not None:
        raise ProductArchived(product=product.name)


CATALOGUE = Catalogue(PRODUCTS, products.prices, products.tax_rates, OrderSetting, _sellable)


async def create(session: AsyncSession, body: OrderBody, actor: str, roles: Roles | None = None) -> Order:
    """Enter a draft. `roles` limit the discounts of its lines; None is no limit.

    Raises `ReferenceUnknown`, `CustomerArchived`, `ProductArchived`; `NoPriceKnown` and `NoTaxRateKnown` when a line
    omits a value that is not declared; `OutOfBounds` when the amount of a line is too large; `DiscountTooHigh`.
    """
    await replication.creating(session, ORDER)
    row = Order.blank()
    await _write(session, row, body, roles)
    replication.created(session, ORDER, row, actor)
    await session.flush()
    return row


async def change(
    session: AsyncSession,
    order_id: UUID,
    patch: Mapping[str, Any],
    actor: str,
    seen: writes.Seen,
    roles: Roles | None = None,
) -> Order:
    """Apply a merge patch to a draft that the caller has `seen`. Without a change there is no new version and no event.

    Raises the errors of `create`, `NotFound`, `NoSuchLine`, `IllegalTransition` when it is not a draft, and the errors
    of `seen`.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    seen(row)
    require(row.present, Action.CHANGE)
    body = patched(OrderBody, ORDERS.written(row), patch)
    with edit(session, ORDER, row, actor):
        await _write(session, row, body, roles)
    await session.flush()
    return row


async def submit(session: AsyncSession, order_id: UUID, actor: str) -> Order:
    """Submit a draft, which is decided on next. Raises `IllegalTransition` or `NothingOrdered`."""
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    with edit(session, ORDER, row, actor):
        row.go(OrderState.SUBMITTED)
        if not row.lines:
            raise NothingOrdered()
        row.submitted_at = clock.now()
        await give_number(session, row)
    await session.flush()
    return row


async def _write(session: AsyncSession, row: Order, body: OrderBody, roles: Roles | None) -> None:
    before = (row.customer_id, row.currency)
    customer = await _customer(session, body.customer_id)
    values = body.model_dump(mode="json", include=set(HEAD))
    values["currency"] = body.currency or customer.currency or (await ledger.company(session)).currency
    values["ordered_on"] = values["ordered_on"] or clock.today().isoformat()
    values["custom"] = await checked_values(session, ORDERS.name, body.custom, writes.own_of(row))
    row.change(values)
    terms = Terms.of(customer, row.shipping_address, row.currency, row.ordered_on)
    anew = before != (row.customer_id, row.currency)
    rates = Rates(session, CATALOGUE, terms)
    lines = await priced(session, CATALOGUE, body.lines, row.lines, terms, rates, anew=anew)
    if roles is not None:
        await check_discounts(session, CATALOGUE, lines, terms, roles, anew=anew)
    row.set_lines(lines, [each.position for each in body.lines])
    row.charge(await charges_of(body.charges, row.charged, row.currency, rates))


async def _customer(session: AsyncSession, customer_id: UUID) -> Customer:
    customer = await reads.referred(session, CUSTOMERS, customer_id, "customer_id")
    if customer.archived_at is not None:
        raise CustomerArchived(customer=customer.name)
    return customer
