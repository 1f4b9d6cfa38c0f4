"""Payments that came before their invoice settle it when it comes."""

from decimal import Decimal

import pytest
from chassis.db import Sessions
from chassis.testing import act_for
from erp.finance.invoicing.models import Invoice
from erp.finance.invoicing.records import INVOICES
from erp.finance.payments.commands import allocating, entering
from erp.finance.payments.handlers import settle_due
from erp.finance.payments.models import Payment
from erp.finance.payments.records import PAYMENTS
from erp.finance.payments.rules import Allocate
from erp.finance.payments.schemas import Part
from erp.ledger import queries as ledger
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import a_billed_order, a_customer, a_payment, an_invoice

pytestmark = pytest.mark.servers


async def open_of(session: AsyncSession, invoice: Invoice) -> Decimal:
    return (await reads.by_id(session, INVOICES, invoice.id)).open


def settled_by(row: Payment) -> list[tuple[str, Decimal]]:
    return [(each.invoice_number, each.amount) for each in row.standing]


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def test_an_advance_payment_settles_the_invoice_when_it_comes(session: AsyncSession, sessions: Sessions) -> None:
    customer_id = await a_customer(session)
    row = await a_payment(session, customer_id, "200")
    assert (row.unallocated, row.waits) == (Decimal(200), True)
    invoice = await an_invoice(session, customer_id, "119")
    others = await an_invoice(session, await a_customer(session, "Bolido"))
    dollars = await an_invoice(session, customer_id, "50", currency="USD")
    await session.commit()
    await settle_due(sessions, {})
    async with sessions() as fresh:
        await act_for(fresh)
        found = await reads.by_id(fresh, PAYMENTS, row.id)
        assert settled_by(found) == [(invoice.number, Decimal(119))]
        assert [each.how for each in found.standing] == ["oldest"]
        assert [await open_of(fresh, each) for each in (invoice, others, dollars)] == [0, 119, 50]
        assert await ledger.balance(fresh, "receivables", "EUR", customer_id) == -81
        version = found.version
    await settle_due(sessions, {})
    async with sessions() as fresh:
        await act_for(fresh)
        assert (await reads.by_id(fresh, PAYMENTS, row.id)).version == version


async def test_an_invoice_goes_to_the_advance_payment_that_names_it(session: AsyncSession, sessions: Sessions) -> None:
    customer_id = await a_customer(session)
    earlier = await a_payment(session, customer_id, "119", received_on="2026-10-01")
    invoice = await an_invoice(session, customer_id)
    await entering.change(session, earlier.id, {"note": "for the next one"}, "anna", seen)
    naming = await a_payment(session, customer_id, "119", allocate="none")
    await entering.change(session, naming.id, {"note": f"for {invoice.number}"}, "anna", seen)
    naming.waits = True
    await session.commit()
    await settle_due(sessions, {})
    async with sessions() as fresh:
        await act_for(fresh)
        assert settled_by(await reads.by_id(fresh, PAYMENTS, naming.id)) == [(invoice.number, Decimal(119))]
        assert settled_by(await reads.by_id(fresh, PAYMENTS, earlier.id)) == []


async def test_an_advance_payment_names_the_order_that_the_invoice_bills(
    session: AsyncSession, sessions: Sessions
) -> None:
    customer_id = await a_customer(session)
    row = await a_payment(session, customer_id, "119", note="advance on PO 4711")
    older = await a_billed_order(session, customer_id)
    named = await a_billed_order(session, customer_id, reference="PO-4711")
    await session.commit()
    await settle_due(sessions, {})
    async with sessions() as fresh:
        await act_for(fresh)
        found = await reads.by_id(fresh, PAYMENTS, row.id)
        assert [(each.invoice_number, each.how) for each in found.standing] == [(named.number, "reference")]
        assert await open_of(fresh, older) == 119


async def test_what_a_person_took_back_or_set_aside_waits_for_a_person(
    session: AsyncSession, sessions: Sessions
) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id)
    taken_back = await a_payment(session, customer_id)
    await allocating.undo(session, taken_back.id, taken_back.standing[0].id, "anna", seen)
    aside = await a_payment(session, customer_id, allocate="none")
    await session.commit()
    await settle_due(sessions, {})
    async with sessions() as fresh:
        await act_for(fresh)
        assert await open_of(fresh, invoice) == 119
        assert not any([(await reads.by_id(fresh, PAYMENTS, each.id)).waits for each in (taken_back, aside)])
        row = await allocating.allocate_by(fresh, aside.id, Allocate.AUTOMATIC, "anna")
        assert (row.waits, settled_by(row)) == (True, [(invoice.number, Decimal(119))])


async def test_a_payment_settles_no_more_invoices_than_its_event_lists(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocating, "MOST_ALLOCATIONS", 2)
    customer_id = await a_customer(session)
    billed = [await an_invoice(session, customer_id, "10") for _ in range(3)]
    row = await a_payment(session, customer_id, "100")
    assert (len(row.standing), row.unallocated, row.waits) == (2, Decimal(80), False)
    (last,) = [each for each in billed if await open_of(session, each)]
    with pytest.raises(allocating.TooManyAllocations):
        await allocating.allocate(session, row.id, [Part(invoice_id=last.id, amount=Decimal(10))], "anna")
