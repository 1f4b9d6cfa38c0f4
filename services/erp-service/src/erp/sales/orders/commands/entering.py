"""Entering an order, changing its draft, and submitting it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis import clock, replication
from chassis.db import uuid7
from chassis.errors import Conflict, about
from chassis.patch import patched
from chassis.replication import edit
from contracts.order import OrderState
from custom_fields.queries import checked_values
from lines.charges import charges_of
from lines.discounts.rules import Roles
from records import ReferenceUnknown, reads, writes
from sqlalchemy.ext.asyncio import AsyncSession

from erp.catalogue.products import queries as products
from erp.catalogue.products.models import Product
from erp.catalogue.products.records import PRODUCTS
from erp.ledger import queries as ledger
from erp.parties.customers.models import Customer
from erp.parties.customers.records import CUSTOMERS
from erp.sales.orders.commands.discounting import Charge, WrittenLine, check_discounts, question
from erp.sales.orders.commands.numbering import give_number
from erp.sales.orders.events import ORDER
from erp.sales.orders.models import Order, OrderLine
from erp.sales.orders.records import ORDERS
from erp.sales.orders.rules import Action, CustomerArchived, NothingOrdered, ProductArchived, require
from erp.sales.orders.schemas import OrderBody, OrderLineBody

HEAD = frozenset(OrderBody.model_fields) - {"lines", "charges"}


class NoSuchLine(Conflict):
    code = "no-such-line"
    part = "line_id"
    title = "The order has no such line"
    detail = "The order has no line with the id {line}."
    hint = "Read the order: its lines have ids. Omit the id to add a line."


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
    before = {line.id: Charge.of(row, line) for line in row.lines}
    customer = await _customer(session, body.customer_id)
    values = body.model_dump(mode="json", include=set(HEAD))
    values["currency"] = body.currency or customer.currency or (await ledger.company(session)).currency
    values["ordered_on"] = values["ordered_on"] or clock.today().isoformat()
    values["custom"] = await checked_values(session, ORDERS.name, body.custom, writes.own_of(row))
    row.change(values)
    lines = await _write_lines(session, row, body.lines, customer)

    async def rate_of(tax_class: str) -> Decimal:
        return await products.tax_rate_of(session, tax_class, _country(row, customer), row.ordered_on)

    row.charge(await charges_of(body.charges, row.charged, row.currency, rate_of))
    if roles is not None:
        written = [WrittenLine(line, after, product, before.get(after.id)) for line, after, product in lines]
        await check_discounts(session, row, customer, written, roles)


async def _customer(session: AsyncSession, customer_id: UUID) -> Customer:
    customer = await reads.referred(session, CUSTOMERS, customer_id, "customer_id")
    if customer.archived_at is not None:
        raise CustomerArchived(customer=customer.name)
    return customer


async def _write_lines(
    session: AsyncSession, row: Order, lines: list[OrderLineBody], customer: Customer
) -> list[tuple[OrderLineBody, OrderLine, Product]]:
    """Set these lines of the order; returns each with its stored line and its product."""
    known = {line.id for line in row.lines}
    for index, line in enumerate(lines):
        if line.id and line.id not in known:
            raise NoSuchLine(line=str(line.id), field=f"lines[{index}].id")
    found = await reads.by_ids(session, PRODUCTS, {line.product_id for line in lines})
    for gone in known - {line.id for line in lines}:
        row.set_line(gone, None)
    written = {}
    for index, line in enumerate(lines):
        product = found.get(line.product_id)
        if product is None:
            raise ReferenceUnknown(kind="product", id=line.product_id, field=f"lines[{index}].product_id")
        with about(f"lines[{index}]"):
            if product.archived_at is not None:
                raise ProductArchived(product=product.name)
            line_id = await _write_line(session, row, line, product, customer, f"lines[{index}]")
        written[line_id] = (line, product)
    now = {line.id: line for line in row.lines}
    return [(line, now[line_id], product) for line_id, (line, product) in written.items()]


async def _write_line(
    session: AsyncSession, row: Order, line: OrderLineBody, product: Product, customer: Customer, field: str
) -> UUID:
    present = row.line(line.id) if line.id else None
    last = max((each.position for each in row.lines), default=0)
    tax_class = line.tax_class or product.tax_class
    price, price_from = line.unit_price, present.price_from if present else "given"
    if price is None:
        price, price_from = await _price(session, row, line.quantity, product, customer)
    elif present is None or present.unit_price != price:
        price_from = "given"
    rate = line.tax_rate
    if rate is None:
        rate = await products.tax_rate_of(session, tax_class, _country(row, customer), row.ordered_on)
    value = {
        "position": line.position or (present.position if present else last + 1),
        "product": str(product.id),
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": price,
        "discount": line.discount,
        "tax_class": tax_class,
        "tax_rate": rate,
    }
    line_id = line.id or uuid7()
    row.set_line(line_id, value, price_from, field)
    return line_id


async def _price(
    session: AsyncSession, row: Order, quantity: Decimal, product: Product, customer: Customer
) -> tuple[Decimal, str]:
    answer = await products.price_of(session, product, question(row, quantity, customer))
    return answer.amount, "price_list" if answer.price_list_id else "list_price"


def _country(row: Order, customer: Customer) -> str | None:
    """The country of delivery, which determines the tax."""
    addresses = (row.shipping_address, customer.shipping_address, customer.billing_address)
    return next((address["country"] for address in addresses if address and address.get("country")), None)
