"""Use cases on a real database: rows, events, orders and books."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from chassis import outbox
from chassis.db import uuid7
from chassis.errors import NotFound
from chassis.testing import time_is
from contracts.order import OrderState
from contracts.receivable import InvoiceDocument, InvoiceLine, Settlement
from erp.finance.invoicing import commands, queries
from erp.finance.invoicing.commands.credit import NotAReturn, NothingToCredit, NothingToSettle, OtherCustomer
from erp.finance.invoicing.commands.issue import CompanyIncomplete, NotAShipment, NothingToInvoice, NotOneInvoice
from erp.finance.invoicing.models import CreditedBeyondInvoiced, SettledBeyondTotal
from erp.finance.invoicing.schemas import CreditedLineBody, CreditNoteBody, InvoiceBody, ReturnsBody, UseBody
from erp.ledger import commands as ledger_commands
from erp.ledger import queries as ledger
from erp.ledger.schemas import CompanyBody
from erp.parties.customers.records import CUSTOMERS
from erp.parties.customers.schemas import CustomerBody
from erp.sales.orders.records import ORDERS
from records import reads, writes
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import COMPANY, DAY, TERMS, a_customer, an_invoice, an_order, ship, take_back

pytestmark = pytest.mark.servers
D = Decimal


async def receivables(session: AsyncSession, customer_id: UUID, currency: str = "EUR") -> Decimal:
    return await ledger.balance(session, "receivables", currency, customer_id)


async def credited(session: AsyncSession, invoice_id: UUID, *lines: tuple[UUID, str]) -> None:
    wanted = [CreditedLineBody(line_id=line_id, quantity=D(quantity)) for line_id, quantity in lines] or None
    await commands.credit(session, CreditNoteBody(invoice_id=invoice_id, lines=wanted, issued_on=DAY), "anna")


async def state(session: AsyncSession, order_id: UUID) -> OrderState:
    return (await reads.by_id(session, ORDERS, order_id)).present


async def test_an_invoice_bills_what_was_shipped_at_the_price_of_the_order(session: AsyncSession) -> None:
    customer_id = await a_customer(session, payment_terms=TERMS, language="de")
    order = await an_order(session, customer_id, {"discount": "0.05"}, {"tax_rate": "0.07", "description": "Tea"})
    await ship(session, order, "4", "1")
    row = await commands.issue(session, InvoiceBody(order_id=order.id, issued_on=DAY), "anna")
    assert [(line.description, line.quantity, line.net) for line in row.lines] == [
        ("Chai", D(4), D("53.20")),
        ("Tea", D(1), D("14.00")),
    ]
    assert (row.net, row.tax, row.total) == (D("67.20"), D("11.09"), D("78.29"))
    assert [tax["rate"] for tax in row.taxes] == ["0.07", "0.19"]
    assert (row.number, row.due_on, row.language) == ("INV-2026-000001", date(2026, 11, 16), "de")
    assert await receivables(session, customer_id) == row.total
    assert await ledger.balance(session, "revenue", "EUR") == -row.net


async def test_an_invoice_is_announced_in_its_published_form(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session))
    rows = await session.scalars(select(outbox.OutboxRow.data).where(outbox.OutboxRow.topic == "erp.invoice.v1"))
    (event,) = [orjson.loads(data) for data in rows]
    snapshot = event["snapshot"]
    assert InvoiceDocument.model_validate(snapshot["document"]).number == row.number
    assert InvoiceLine.model_validate(snapshot["lines"][0]).order_line_id == row.lines[0].order_line_id
    assert Settlement.model_validate(snapshot["settlement"]).open == row.total
    assert snapshot["customer"] == str(row.customer_id)


async def test_several_shipments_go_on_one_invoice_and_none_twice(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    first, second = await an_order(session, customer_id), await an_order(session, customer_id)
    shipments = [await ship(session, first, "3"), await ship(session, first), await ship(session, second, "2")]
    body = InvoiceBody(shipment_ids=[shipment.id for shipment in shipments])
    row = await commands.issue(session, body, "anna")
    assert sorted(line.quantity for line in row.lines) == [2, 3, 7]
    assert {line.shipment_id for line in row.lines} == {shipment.id for shipment in shipments}
    with pytest.raises(NothingToInvoice):
        await commands.issue(session, InvoiceBody(shipment_ids=[shipments[1].id]), "anna")
    assert await state(session, first.id) is OrderState.INVOICED
    assert await state(session, second.id) is OrderState.PARTLY_SHIPPED


async def test_what_came_back_before_it_was_billed_is_not_billed(session: AsyncSession) -> None:
    order = await an_order(session, await a_customer(session, payment_terms=None))
    await ship(session, order)
    back = await take_back(session, order, "4")
    row = await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    assert [line.quantity for line in row.lines] == [6]
    with pytest.raises(NothingToCredit):
        await commands.credit_returns(session, ReturnsBody(return_ids=[back.id]), "anna")


async def test_an_order_without_anything_to_bill_is_refused(session: AsyncSession) -> None:
    order = await an_order(session, await a_customer(session, payment_terms=None))
    with pytest.raises(NothingToInvoice):
        await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    with pytest.raises(NotFound):
        await commands.issue(session, InvoiceBody(order_id=uuid7()), "anna")


async def test_customers_and_currencies_are_not_mixed_and_returns_not_billed(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    euros = await an_order(session, customer_id)
    yen = await an_order(session, customer_id, currency="JPY")
    others = await an_order(session, await a_customer(session, payment_terms=None))
    shipped = [await ship(session, each) for each in (euros, yen, others)]
    for pair in (shipped[:2], shipped[::2]):
        with pytest.raises(NotOneInvoice):
            await commands.issue(session, InvoiceBody(shipment_ids=[each.id for each in pair]), "anna")
    back = await take_back(session, euros, "1")
    with pytest.raises(NotAShipment):
        await commands.issue(session, InvoiceBody(shipment_ids=[back.id]), "anna")


async def test_each_year_of_issue_has_its_own_numbers(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    days = [date(2026, 3, 1), date(1996, 7, 4), date(2026, 1, 1), date(1996, 1, 1)]
    numbers = [(await an_invoice(session, customer_id, issued_on=day)).number for day in days]
    assert numbers == ["INV-2026-000001", "INV-1996-000001", "INV-2026-000002", "INV-1996-000002"]


async def test_the_database_refuses_to_change_an_invoice(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session))
    for statement in (
        "update invoices set net = net + 1, total = total + 1 where id = :id",
        "update invoice_lines set quantity = quantity + 1 where invoice_id = :id",
        "delete from invoices where id = :id",
    ):
        with pytest.raises(DBAPIError, match="are never"):
            async with session.begin_nested():
                await session.execute(text(statement), {"id": row.id})


async def test_settling_in_full_closes_the_order(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session))
    await commands.settle(session, row, D("100"), "anna")
    assert (row.state, await state(session, row.lines[0].order_id)) == ("partly_paid", OrderState.INVOICED)
    await commands.settle(session, row, row.open, "anna")
    assert (row.state, await state(session, row.lines[0].order_id)) == ("paid", OrderState.CLOSED)
    with pytest.raises(SettledBeyondTotal):
        await commands.settle(session, row, D("0.01"), "anna")
    await commands.settle(session, row, -row.total, "anna")
    assert row.state == "open"


async def test_an_order_with_two_invoices_closes_with_the_last_of_them(session: AsyncSession) -> None:
    order = await an_order(session, await a_customer(session, payment_terms=None))
    invoices = []
    for quantity in ("4", "6"):
        await ship(session, order, quantity)
        invoices.append(await commands.issue(session, InvoiceBody(order_id=order.id), "anna"))
    await commands.settle(session, invoices[1], invoices[1].open, "anna")
    assert await state(session, order.id) is OrderState.INVOICED
    await commands.settle(session, invoices[0], invoices[0].open, "anna")
    assert await state(session, order.id) is OrderState.CLOSED


async def test_an_invoice_of_nothing_is_paid_from_the_start(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session), {"discount": "1"})
    assert (row.total, row.state.value) == (D(0), "paid")
    assert await state(session, row.lines[0].order_id) is OrderState.CLOSED


async def test_open_items_come_by_due_day_and_without_settled_ones(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    rows = [await an_invoice(session, customer_id, issued_on=date(2026, month, 1)) for month in (5, 3, 4)]
    await commands.settle(session, rows[2], rows[2].total, "anna")
    found = await queries.open_items(session, customer_id, "EUR")
    assert [row.number for row in found] == [rows[1].number, rows[0].number]
    assert [row.id for row in await queries.by_numbers(session, [rows[2].number, "INV-9"])] == [rows[2].id]


async def test_cancelling_an_invoice_leaves_nothing_owed_and_the_goods_to_be_billed_again(
    session: AsyncSession,
) -> None:
    customer_id = await a_customer(session)
    row = await an_invoice(session, customer_id, {"quantity": "3", "unit_price": "0.335"}, {"tax_rate": "0.07"})
    order_id = row.lines[0].order_id
    note = await commands.credit(session, CreditNoteBody(invoice_id=row.id, reason="Wrong address"), "anna")
    assert (note.total, note.settled, row.open) == (row.total, row.total, D(0))
    assert await receivables(session, customer_id) == 0
    assert await state(session, order_id) is OrderState.INVOICED
    again = await commands.issue(session, InvoiceBody(order_id=order_id), "anna")
    assert again.total == row.total
    with pytest.raises(NothingToCredit):
        await credited(session, row.id)


async def test_partial_credits_add_up_to_the_invoice(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    row = await an_invoice(session, customer_id, {"quantity": "3", "unit_price": "0.335"})
    line_id = row.lines[0].id
    for _ in range(3):
        await credited(session, row.id, (line_id, "1"))
    assert (row.open, await receivables(session, customer_id)) == (D(0), D(0))
    with pytest.raises(CreditedBeyondInvoiced):
        await credited(session, row.id, (line_id, "0.5"))
    with pytest.raises(NotFound):
        await credited(session, row.id, (uuid7(), "1"))


async def test_a_credit_settles_what_is_open_and_the_rest_stays_to_be_used(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    paid, other = [await an_invoice(session, customer_id) for _ in range(2)]
    await commands.settle(session, paid, D("150"), "anna")
    note = await commands.credit(session, CreditNoteBody(invoice_id=paid.id), "anna")
    assert (note.total, note.settled, note.open) == (D("166.60"), D("16.60"), D("150.00"))
    await commands.use_credit(session, note.id, UseBody(invoice_id=other.id, amount=D("100")), "anna")
    await commands.use_credit(session, note.id, UseBody(invoice_id=other.id), "anna")
    assert (note.open, other.open) == (D(0), D("16.60"))
    with pytest.raises(NothingToSettle):
        await commands.use_credit(session, note.id, UseBody(invoice_id=other.id), "anna")


async def test_a_credit_settles_nothing_of_another_customer(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session))
    await commands.settle(session, row, row.total, "anna")
    note = await commands.credit(session, CreditNoteBody(invoice_id=row.id), "anna")
    others = await an_invoice(session, await a_customer(session))
    with pytest.raises(OtherCustomer):
        await commands.use_credit(session, note.id, UseBody(invoice_id=others.id), "anna")


async def test_a_return_of_what_was_billed_is_credited_once(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    row = await an_invoice(session, customer_id)
    order = await reads.by_id(session, ORDERS, row.lines[0].order_id)
    back = await take_back(session, order, "4")
    (note,) = await commands.credit_returns(session, ReturnsBody(return_ids=[back.id]), "anna")
    assert [(line.quantity, line.shipment_id) for line in note.lines] == [(D(4), back.id)]
    assert await receivables(session, customer_id) == row.open == D("99.96")
    with pytest.raises(NothingToCredit):
        await commands.credit_returns(session, ReturnsBody(return_ids=[back.id]), "anna")
    with pytest.raises(NothingToInvoice):
        await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    await commands.settle(session, row, row.open, "anna")
    assert await state(session, order.id) is OrderState.CLOSED


async def test_a_return_of_goods_on_two_invoices_gives_two_credit_notes(session: AsyncSession) -> None:
    order = await an_order(session, await a_customer(session, payment_terms=None))
    for day, quantity in ((date(2026, 5, 1), "4"), (date(2026, 6, 1), "6")):
        shipment = await ship(session, order, quantity)
        await commands.issue(session, InvoiceBody(shipment_ids=[shipment.id], issued_on=day), "anna")
    back = await take_back(session, order, "9")
    notes = await commands.credit_returns(session, ReturnsBody(return_ids=[back.id]), "anna")
    assert [[line.quantity for line in note.lines] for note in notes] == [[6], [3]]
    with pytest.raises(NotAReturn):
        await commands.credit_returns(session, ReturnsBody(return_ids=[shipment.id]), "anna")


async def test_nothing_is_left_of_an_invoice_that_the_ledger_refuses(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await an_invoice(session, customer_id)
    await ledger_commands.close(session, date(2026, 1, 1), "anna")
    with pytest.raises(ledger_commands.PeriodClosed):
        async with session.begin_nested():
            await an_invoice(session, customer_id, issued_on=date(2026, 1, 15))
    assert (await an_invoice(session, customer_id)).number == "INV-2026-000002"


async def test_a_run_raises_a_level_by_one_and_once_a_day(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    row = await an_invoice(session, customer_id, issued_on=date(2026, 1, 1))
    await an_invoice(session, customer_id, issued_on=date(2026, 6, 1))
    late = date(2026, 6, 1)
    assert [each.id for each in await commands.dun(session, late, "anna")] == [row.id]
    assert await commands.dun(session, late, "anna") == []
    assert len(await commands.dun(session, date(2026, 6, 2), "anna")) == 1
    assert (row.dunning_level, row.dunned_on) == (2, date(2026, 6, 2))


async def test_settled_invoices_are_not_dunned(session: AsyncSession) -> None:
    row = await an_invoice(session, await a_customer(session), issued_on=date(2026, 1, 1))
    await commands.settle(session, row, row.total, "anna")
    assert await commands.dun(session, date(2026, 6, 1), "anna") == []


async def test_an_invoice_is_of_the_companys_day_and_year(session: AsyncSession) -> None:
    order = await an_order(session, await a_customer(session, payment_terms=None))
    await ship(session, order)
    with time_is("2026-12-31T23:30:00+00:00", "Asia/Tokyo"):
        row = await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    assert (row.issued_on, row.due_on) == (date(2027, 1, 1), date(2027, 1, 31))
    assert row.number.startswith("INV-2027")


@pytest.mark.parametrize("without", ["address", "tax_id"])
async def test_no_invoice_is_issued_before_the_company_says_who_it_is(session: AsyncSession, without: str) -> None:
    order = await an_order(session, await a_customer(session))
    await ship(session, order)
    said = {name: value for name, value in COMPANY.items() if name != without}
    await ledger_commands.write_company(session, CompanyBody.model_validate(said), lambda _: None)
    with pytest.raises(CompanyIncomplete) as refused:
        await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    assert refused.value.facts["missing"] == [without]


async def test_a_new_company_is_told_all_that_its_invoices_lack(session: AsyncSession) -> None:
    customer = await writes.create(session, CUSTOMERS, CustomerBody(name="Alfreds Futterkiste"), "anna")
    order = await an_order(session, customer.id)
    await ship(session, order)
    with pytest.raises(CompanyIncomplete) as refused:
        await commands.issue(session, InvoiceBody(order_id=order.id), "anna")
    assert refused.value.document()["detail"] == "Missing: name, address, tax_id."
