"""Freight and other charges: from the order to the invoice, the ledger and the credit note."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis.db import uuid7
from contracts.charge import ListedCharge
from erp.finance.invoicing import commands
from erp.finance.invoicing.schemas import CreditedLineBody, CreditNoteBody, InvoiceBody
from erp.sales.orders.models import Order
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, a_customer, a_product, an_order, ship

pytestmark = pytest.mark.servers
POSTED = text("select sum(amount) filter (where amount > 0) from journal_lines")


async def with_freight(session: AsyncSession, **values: Any) -> Order:
    """Ten at 14.00 with 19 % and ten at 2.00 with 7 %, and 16.00 for freight."""
    lines = [{}, {"unit_price": "2", "tax_rate": "0.07"}]
    row = await an_order(session, await a_customer(session), *lines)
    row.charge([ListedCharge.model_validate({"id": uuid7(), "text": "Freight", "amount": "16", **values})])
    await session.flush()
    return row


async def billed(session: AsyncSession, row: Order) -> Any:
    return await commands.issue(session, InvoiceBody(order_id=row.id, issued_on=DAY), "anna")


async def test_the_first_invoice_of_an_order_bills_its_charges_and_no_other_does(session: AsyncSession) -> None:
    row = await with_freight(session, tax_rate="0.19", tax_class="standard")
    assert str(row.totals.total) == "207.04"  # 156.00 and 19 %, 20.00 and 7 %.
    await ship(session, row, "5", "0.0001")
    first = await billed(session, row)
    assert [(each.text, str(each.amount)) for each in first.charged] == [("Freight", "16")]
    assert first.net == 70 + 16
    await ship(session, row, "5", "9.9999")
    second = await billed(session, row)
    assert (second.charged, second.net) == ([], 70 + 20)
    assert row.state == "invoiced" and row.on_order == 0
    assert await session.scalar(POSTED) == first.total + second.total


async def test_a_charge_that_is_taxed_as_the_lines_are_is_spread_over_their_rates(session: AsyncSession) -> None:
    row = await with_freight(session)
    await ship(session, row)
    invoice = await billed(session, row)
    assert [(tax["rate"], tax["net"], tax["tax"]) for tax in invoice.taxes] == [
        ("0.07", "22", "1.54"),
        ("0.19", "154", "29.26"),
    ]


async def test_an_invoice_that_is_cancelled_is_credited_with_its_charges_and_billed_again(
    session: AsyncSession,
) -> None:
    row = await with_freight(session)
    await ship(session, row)
    invoice = await billed(session, row)
    (part,) = [line for line in invoice.lines if line.tax_rate * 100 == 19]
    lines = [CreditedLineBody(line_id=part.id, quantity="3")]
    first = await commands.credit(session, CreditNoteBody(invoice_id=invoice.id, lines=lines, issued_on=DAY), "anna")
    rest = await commands.credit(session, CreditNoteBody(invoice_id=invoice.id, issued_on=DAY), "anna")
    assert (first.charged, [each.text for each in rest.charged]) == ([], ["Freight"])
    assert (first.net + rest.net, first.tax + rest.tax) == (invoice.net, invoice.tax)
    again = await billed(session, row)
    assert (again.net, again.tax, len(again.charged)) == (invoice.net, invoice.tax, 1)


async def test_a_charge_is_credited_with_the_lines_that_are_named(session: AsyncSession) -> None:
    row = await with_freight(session)
    await ship(session, row)
    invoice = await billed(session, row)
    charge_id = invoice.charged[0].order_charge
    lines = [CreditedLineBody(line_id=invoice.lines[0].id, quantity="1")]
    body = CreditNoteBody(invoice_id=invoice.id, lines=lines, charges={charge_id}, issued_on=DAY)
    note = await commands.credit(session, body, "anna")
    assert note.net == 14 + 16
    rest = await commands.credit(session, CreditNoteBody(invoice_id=invoice.id, issued_on=DAY), "anna")
    assert (rest.charged, note.total + rest.total) == ([], invoice.total)


async def test_charges_of_a_draft_are_entered_changed_and_taken_off(
    api: httpx.AsyncClient, session: AsyncSession
) -> None:
    customer_id, product_id = await a_customer(session), await a_product(session)
    await session.commit()
    line = {"product_id": str(product_id), "quantity": "10", "unit_price": "14", "tax_rate": "0.19"}
    freight = {"text": "Freight", "amount": "5"}
    made = await api.post(
        "/v1/orders",
        json={"customer_id": str(customer_id), "currency": "EUR", "lines": [line], "charges": [freight]},
    )
    assert made.status_code == 201, made.text
    shown = made.json()
    (charge,) = shown["charges"]
    assert charge == {"id": charge["id"], **freight, "amount": "5.00", "tax_class": None, "tax_rate": None}
    assert (shown["net"], shown["tax"], shown["total"]) == ("145.00", "27.55", "172.55")
    address, seen = made.headers["Location"], {"If-Match": "*"}
    other = await api.patch(address, json={"charges": [{**charge, "tax_rate": "0"}]}, headers=seen)
    assert (other.json()["charges"][0]["id"], other.json()["total"]) == (charge["id"], "171.60")
    same = await api.patch(address, json={"charges": other.json()["charges"]}, headers=seen)
    assert same.json()["version"] == other.json()["version"]
    unknown = await api.patch(address, json={"charges": [{**charge, "id": str(UUID(int=1))}]}, headers=seen)
    finer = await api.patch(address, json={"charges": [{**freight, "amount": "1.001"}]}, headers=seen)
    assert (unknown.status_code, finer.status_code) == (422, 422)
    assert (await api.patch(address, json={"charges": []}, headers=seen)).json()["total"] == "166.60"
