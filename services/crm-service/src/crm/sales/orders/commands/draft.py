"""Commands on drafts, which the CRM owns: enter, change, archive."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numbering
from chassis import clock, replication
from chassis.errors import Malformed
from chassis.patch import patched
from chassis.replication import edit
from custom_fields.queries import checked_values
from lines.charges import charges_of
from lines.discounts.rules import Roles
from lines.pricing import LISTED, Source, check_discounts, priced
from lines.schemas import ChargeBody
from lines.terms import Rates, Terms
from records import ReferenceUnknown, reads
from records.writes import Seen, own_of
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.records import CATALOGUE
from crm.parties.customers.models import Customer
from crm.sales.deals.records import DEALS
from crm.sales.orders.events import ORDER
from crm.sales.orders.models import Order, OrderLine
from crm.sales.orders.records import ORDERS
from crm.sales.orders.rules import NUMBERS, Action
from crm.sales.orders.schemas import NewOrder, OrderBody, OrderLineBody

TERMS = ("customer_id", "currency", "ordered_on", "shipping_address")
"""Fields on which prices and tax rates depend."""
BUYER = ("customer_id", "currency")
"""Fields on which the discounts of unchanged lines depend."""


async def create(session: AsyncSession, body: OrderBody, actor: str, roles: Roles | None = None) -> Order:
    """Enter a draft, with its number. Raises `ReferenceUnknown`, `Malformed`, and the errors of `priced` and
    `check_discounts`."""
    return await _enter(session, body, actor, roles)


async def enter(session: AsyncSession, body: NewOrder, actor: str, roles: Roles | None = None) -> Order:
    """Enter a draft; with `submit` it is submitted at once. Raises `NothingOrdered` when it is then without lines.

    Without `roles` discounts are not limited: those of an accepted quote were checked, and a file is imported by an
    operator.
    """
    return await _enter(session, body, actor, roles, deal_id=body.deal_id, submit=body.submit)


async def change(
    session: AsyncSession,
    order_id: UUID,
    patch: Mapping[str, Any],
    actor: str,
    seen: Seen,
    roles: Roles | None = None,
) -> Order:
    """Apply a merge patch to the draft that the caller has `seen`. Without a change there is no new version and no
    event.

    Raises `NotFound`, `Archived`, `OrderStateForbids`, the errors of `create`, and those of `seen`.
    """
    row = await reads.by_id(session, ORDERS, order_id, lock=True)
    seen(row)
    with edit(session, ORDER, row, actor):
        row.allow(Action.CHANGE)
        present = written(row)
        body = patched(OrderBody, present, patch)
        values = body.model_dump(mode="json")
        changed = {name for name, value in values.items() if present[name] != value}
        if changed:
            await _write(session, row, body, changed, roles)
    await session.flush()
    return row


def written(row: Order) -> dict[str, Any]:
    """The order in the form of a client's body, as the base of a merge patch.

    Prices and rates from the catalogue are omitted.
    """
    body = OrderBody(
        lines=[_written_line(line) for line in row.lines],
        charges=[ChargeBody.model_validate(each.model_dump()) for each in row.charged],
        **{name: getattr(row, name) for name in OrderBody.model_fields.keys() - {"lines", "charges"}},
    )
    return body.model_dump(mode="json")


def _written_line(line: OrderLine) -> OrderLineBody:
    return OrderLineBody(
        id=line.id,
        product_id=line.product_id,
        description=line.description,
        quantity=line.quantity,
        unit_price=None if line.price_from in LISTED else line.unit_price,
        discount=line.discount,
        tax_class=line.tax_class,
        tax_rate=None if line.tax_from == Source.DECLARED else line.tax_rate,
    )


async def _enter(
    session: AsyncSession,
    body: OrderBody,
    actor: str,
    roles: Roles | None,
    *,
    deal_id: UUID | None = None,
    submit: bool = False,
) -> Order:
    await replication.creating(session, ORDER)
    row = Order.blank()
    if deal_id is not None:
        row.deal_id = (await reads.referred(session, DEALS, deal_id, "deal_id")).id
    await _write(session, row, body, set(OrderBody.model_fields), roles)
    # As late as possible: taking a number locks the counter until the end of the transaction.
    row.change({"sales_number": await numbering.take(session, NUMBERS, row.ordered_on)})
    if submit:
        row.submit(clock.now())
    replication.created(session, ORDER, row, actor)
    await session.flush()
    return row


async def _write(session: AsyncSession, row: Order, body: OrderBody, changed: set[str], roles: Roles | None) -> None:
    customer = await _customer(session, body.customer_id)
    row.change(
        {
            "customer_id": customer.id,
            "currency": body.currency or _currency_of(customer),
            "ordered_on": body.ordered_on or clock.today(),
            "required_on": body.required_on,
            "reference": body.reference,
            "shipping_address": body.shipping_address and body.shipping_address.model_dump(mode="json"),
            "whole": body.whole,
            "notes": body.notes,
            "custom": await checked_values(session, ORDERS.name, body.custom, own_of(row)),
        }
    )
    terms = Terms.of(customer, row.shipping_address, row.currency, row.ordered_on)
    rates, anew = Rates(session, CATALOGUE, terms), not changed.isdisjoint(TERMS)
    if anew or "lines" in changed:
        lines = await priced(session, CATALOGUE, body.lines, row.lines, terms, rates, anew=anew)
        if roles is not None:
            await check_discounts(session, CATALOGUE, lines, terms, roles, anew=not changed.isdisjoint(BUYER))
        row.set_lines([{**line.values, **line.sources} for line in lines])
    if anew or "charges" in changed:
        row.charge(await charges_of(body.charges, row.charged, row.currency, rates, anew=anew))


def _currency_of(customer: Customer) -> str:
    if customer.currency is None:
        message = "the customer has no default currency: send `currency`"
        raise Malformed(errors=[{"field": "currency", "message": message}])
    return customer.currency


async def _customer(session: AsyncSession, customer_id: UUID) -> Customer:
    """The customer without its legal entities; read once for all the orders of a file."""
    found = await session.get(Customer, customer_id)
    if found is None:
        raise ReferenceUnknown(kind="customer", id=customer_id, field="customer_id")
    return found
