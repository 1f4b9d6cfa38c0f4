"""Commands that change a quote. Each holds the row's lock; accepting creates the order in the same transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numbering
from chassis import clock, tenant_settings
from chassis.announced import announce_new, announcing
from chassis.db import uuid7
from chassis.errors import Malformed
from chassis.patch import patched
from custom_fields.queries import checked_values
from lines.charges import charges_of
from lines.discounts.queries import limits as discount_limits
from lines.discounts.rules import Roles
from lines.pricing import catalogue_prices, priced
from lines.schemas import ChargeBody
from lines.terms import Rates, Terms
from records import reads
from records.writes import Seen, own_of
from sqlalchemy.ext.asyncio import AsyncSession

from crm.catalogue.products.models import QuoteSetting
from crm.catalogue.products.records import CATALOGUE
from crm.parties.contacts.records import CONTACTS
from crm.parties.customers.models import Customer
from crm.parties.customers.records import CUSTOMERS
from crm.sales.deals import checks as deal_checks
from crm.sales.deals import queries as deals
from crm.sales.deals.events import DEAL
from crm.sales.deals.records import DEALS
from crm.sales.orders import commands as orders
from crm.sales.orders.schemas import NewOrder
from crm.sales.orders.schemas import OrderLineBody as OrderedLine
from crm.sales.quotes import queries
from crm.sales.quotes.events import QUOTE
from crm.sales.quotes.models import Quote, check_discounts
from crm.sales.quotes.records import QUOTES
from crm.sales.quotes.rules import NUMBERS, Letterhead, Line, QuoteState
from crm.sales.quotes.schemas import Accept, QuoteBody, QuoteLineBody, QuoteOfDeal


async def create(session: AsyncSession, body: QuoteBody, _actor: str, roles: Roles) -> Quote:
    """Enter a draft, with its number.

    Raises `ReferenceUnknown`, `NoPriceKnown`, `NoTaxRateKnown`, `ValidityOver`, `DiscountTooHigh`, and `Malformed`
    without a currency.
    """
    row = Quote(id=uuid7(), revision=1, state=QuoteState.DRAFT.value, lines=[], charges=[])
    row.sent_at = row.decided_at = row.reason = row.order_id = None
    await _write(session, row, body, roles)
    # As late as possible: taking a number locks the counter until the end of the transaction.
    row.number = await numbering.take(session, NUMBERS, clock.today())
    announce_new(session, QUOTE, row)
    await session.flush()
    return row


async def of_deal(session: AsyncSession, deal_id: UUID, wanted: QuoteOfDeal, actor: str, roles: Roles) -> Quote:
    """Enter a draft with the customer, the contact and the lines of an open deal. Raises `DealClosed`, and the errors
    of `create`."""
    deal = await reads.by_id(session, DEALS, deal_id, lock=True)
    deal.must_be_open()
    lines = [QuoteLineBody.model_validate(line.model_dump(exclude={"id"})) for line in deal.written()]
    given = {name: getattr(deal, name) for name in ("customer_id", "contact_id", "currency")}
    body = QuoteBody(**given, deal_id=deal.id, lines=lines, **dict(wanted))
    return await create(session, body, actor, roles)


async def change(
    session: AsyncSession, quote_id: UUID, patch: Mapping[str, Any], _actor: str, seen: Seen, roles: Roles
) -> Quote:
    """Apply a merge patch to the draft that the caller has `seen`. Raises `QuoteFixed`, and the errors of `create`."""
    row = await reads.by_id(session, QUOTES, quote_id, lock=True)
    seen(row)
    row.must_allow("change", clock.today())
    present = QUOTES.written(row)
    body = patched(QuoteBody, present, patch)
    if body.model_dump(mode="json") != present:
        with announcing(session, QUOTE, row):
            await _write(session, row, body, roles)
    await session.flush()
    return row


async def send(session: AsyncSession, quote_id: UUID, roles: Roles) -> Quote:
    """Freeze the version and mark it as sent. Raises `QuoteFixed`, `NothingQuoted`, `ValidityOver`,
    `DiscountTooHigh`."""
    row, now = await reads.by_id(session, QUOTES, quote_id, lock=True), clock.now()
    limits, _ = await discount_limits(session, QuoteSetting)
    paper = await queries.paper(session, row, clock.day_of(now))
    with announcing(session, QUOTE, row):
        session.add(row.send(limits, roles, paper.model_dump(mode="json"), now))
    await session.flush()
    return row


async def accept(session: AsyncSession, quote_id: UUID, body: Accept, actor: str) -> Quote:
    """Accept the quote: it becomes an order with the same terms, and its deal is won. Raises `QuoteFixed`."""
    row = await reads.by_id(session, QUOTES, quote_id, lock=True)
    with announcing(session, QUOTE, row):
        row.decide(QuoteState.ACCEPTED, None, clock.now())
        order = await orders.enter(session, _order(row, body), actor)
        row.order_id = order.id
    await _win_deal(session, row, body.accepted_on or clock.today())
    await session.flush()
    return row


async def decline(session: AsyncSession, quote_id: UUID, reason: str | None) -> Quote:
    """Decline the quote. Raises `QuoteFixed`."""
    row = await reads.by_id(session, QUOTES, quote_id, lock=True)
    with announcing(session, QUOTE, row):
        row.decide(QuoteState.DECLINED, reason, clock.now())
    await session.flush()
    return row


async def revise(session: AsyncSession, quote_id: UUID, valid_until: date | None) -> Quote:
    """Create a new version from the sent one. Raises `QuoteFixed`, `ValidityOver`."""
    row = await reads.by_id(session, QUOTES, quote_id, lock=True)
    with announcing(session, QUOTE, row):
        row.revise(valid_until, clock.today())
    await session.flush()
    return row


async def declare_letterhead(
    session: AsyncSession, value: Letterhead, seen: Callable[[int, dict[str, Any]], None]
) -> int:
    """Declare the letterhead, if the caller has `seen` the declared one; returns its version."""
    document = value.model_dump(mode="json")
    return await tenant_settings.declare(session, QuoteSetting, queries.LETTERHEAD, document, seen)


async def _write(session: AsyncSession, row: Quote, body: QuoteBody, roles: Roles) -> None:
    customer = await _customer(session, body)
    for name in QuoteBody.model_fields.keys() - {
        "lines",
        "charges",
        "currency",
        "shipping_address",
        "valid_until",
        "custom",
    }:
        setattr(row, name, getattr(body, name))
    row.custom = await checked_values(session, QUOTES.name, body.custom, own_of(row))
    if body.valid_until != row.valid_until:  # A date that has passed since may stay until the quote is sent.
        row.hold_until(body.valid_until, clock.today())
    address = body.shipping_address
    row.shipping_address = address.model_dump(mode="json") if address else None
    row.currency = body.currency or _currency_of(customer)
    terms = Terms.of(customer, row.shipping_address, row.currency, clock.today())
    rates = Rates(session, CATALOGUE, terms)
    lines = await _lines(session, row, body.lines, terms, rates)
    limits, _ = await discount_limits(session, QuoteSetting)
    check_discounts(lines, limits, roles)
    row.write_lines(lines, await charges_of(body.charges, row.charged, row.currency, rates))


async def _lines(
    session: AsyncSession, row: Quote, bodies: Sequence[QuoteLineBody], terms: Terms, rates: Rates
) -> list[Line]:
    """Complete lines for the written ones; omitted prices and rates are today's of the catalogue."""
    lines = await priced(session, CATALOGUE, bodies, row.written(), terms, rates, anew=True)
    listed = await catalogue_prices(session, CATALOGUE, lines, terms)
    return [
        Line(**{**line.values, "description": line.body.description or line.product.name, "catalogue_price": price})
        for line, price in zip(lines, listed, strict=True)
    ]


def _order(row: Quote, body: Accept) -> NewOrder:
    lines = [
        OrderedLine(
            product_id=line.product_id,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            tax_class=line.tax_class,
            tax_rate=line.tax_rate,
        )
        for line in row.written()
    ]
    return NewOrder(
        customer_id=row.customer_id,
        deal_id=row.deal_id,
        currency=row.currency,
        ordered_on=body.accepted_on,
        reference=body.reference or row.reference or row.number,
        shipping_address=row.shipping_address,
        lines=lines,
        charges=[ChargeBody.model_validate(each.model_dump(exclude={"id"})) for each in row.charged],
        submit=body.submit,
    )


async def _win_deal(session: AsyncSession, row: Quote, on: date) -> None:
    if row.deal_id is None:
        return
    deal = await reads.by_id(session, DEALS, row.deal_id, lock=True)
    if deal.state == "open":
        pipeline, _ = await deals.pipeline(session, deal.pipeline)
        with announcing(session, DEAL, deal):
            deal.win(None, on, pipeline)
        await deal_checks.keep_stage(session, deal)
        await deal_checks.qualify_customer(session, deal)


async def _customer(session: AsyncSession, body: QuoteBody) -> Customer:
    """The customer; all other references of the quote are checked too. Raises `ReferenceUnknown`."""
    if body.contact_id is not None:
        await reads.referred(session, CONTACTS, body.contact_id, "contact_id")
    if body.deal_id is not None:
        await reads.referred(session, DEALS, body.deal_id, "deal_id")
    return await reads.referred(session, CUSTOMERS, body.customer_id, "customer_id")


def _currency_of(customer: Customer) -> str:
    if customer.currency is None:
        message = "the customer has no default currency: send `currency`"
        raise Malformed(errors=[{"field": "currency", "message": message}])
    return customer.currency
