"""Payments from files."""

from decimal import Decimal

import pytest
from chassis.db import Sessions
from chassis.testing import TENANT, act_for
from erp.finance.payments.models import Payment
from erp.finance.payments.records import BANK_ACCOUNTS, PAYMENTS
from erp.finance.payments.schemas import BankAccountBody
from erp.parties.customers.records import CUSTOMERS
from erp.wiring import IMPORTS
from importing import Import
from importing.run import RowResult
from importing.spreadsheet import Row
from records import reads, writes
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import IBAN, a_customer, an_invoice

pytestmark = pytest.mark.servers
CELLS = {"amount": "119.00", "currency": "EUR", "received_on": "2026-11-02", "reference": "BANK-1"}


async def imported(sessions: Sessions, *rows: Row) -> list[RowResult]:
    return await Import("payments", IMPORTS["payments"], "shop", TENANT, "import:payments.csv").run(sessions, rows)


def row(key: str, **cells: str) -> Row:
    return Row(2, key, {**CELLS, **cells})


async def the_payment(session: AsyncSession) -> Payment:
    session.expunge_all()
    await act_for(session)
    (payment_id,) = await session.scalars(select(Payment.id))
    return await reads.by_id(session, PAYMENTS, payment_id)


async def test_a_payment_names_its_customer_by_the_number_and_settles_his_invoice_once(
    sessions: Sessions, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    number = (await reads.by_id(session, CUSTOMERS, customer_id)).number
    invoice = await an_invoice(session, customer_id)
    await session.commit()
    for outcome in ("created", "unchanged"):
        (result,) = await imported(sessions, row("1", customer_id=str(number).lower()))
        assert (result.outcome, result.reason) == (outcome, "")
    payment = await the_payment(session)
    assert (payment.customer_id, payment.amount, payment.allocated) == (customer_id, Decimal(119), Decimal(119))
    assert [each.invoice_number for each in payment.standing] == [invoice.number]


async def test_a_payment_names_its_customer_as_the_file_of_customers_did(
    sessions: Sessions, session: AsyncSession
) -> None:
    firms = Import("customers", IMPORTS["customers"], "shop", TENANT, "import:customers.csv")
    (made,) = await firms.run(sessions, [Row(2, "ALFKI", {"name": "Alfreds"})])
    await imported(sessions, row("1", customer_id="ALFKI"))
    assert (await the_payment(session)).customer_id == made.id


async def test_a_payment_names_our_account_by_its_iban(sessions: Sessions, session: AsyncSession) -> None:
    account = await writes.create(session, BANK_ACCOUNTS, BankAccountBody(name="Bank", iban=IBAN), "anna")
    await session.commit()
    (result,) = await imported(sessions, row("1", bank_account_id="de89 3704 0044 0532 0130 00"))
    assert result.outcome == "created"
    assert (await the_payment(session)).bank_account_id == account.id


async def test_a_row_that_says_something_else_changes_whose_payment_it_is_and_its_note_only(
    sessions: Sessions, session: AsyncSession
) -> None:
    customer_id = await a_customer(session)
    await session.commit()
    await imported(sessions, row("1"))
    (result,) = await imported(sessions, row("1", customer_id=str(customer_id), note="by mistake nobody's"))
    assert (result.outcome, result.reason) == ("updated", "")
    payment = await the_payment(session)
    assert (payment.customer_id, payment.posted_customer_id) == (customer_id, customer_id)
    assert payment.note == "by mistake nobody's"
    (result,) = await imported(sessions, row("1", customer_id=str(customer_id), amount="120"))
    assert result.outcome == "rejected"
    assert "The amount, currency, direction and date of a booked payment cannot change" in result.reason
    assert (await the_payment(session)).amount == Decimal(119)


async def test_a_row_that_makes_no_sense_is_rejected_and_stops_no_other(
    sessions: Sessions, session: AsyncSession
) -> None:
    results = await imported(
        sessions,
        row("1", customer_id="C-999999"),
        row("2", amount="1.005"),
        row("3"),
        row("4"),
    )
    assert [result.outcome for result in results] == ["rejected", "rejected", "created", "rejected"]
    assert "Nothing with the key C-999999 was imported into customers from shop" in results[0].reason
    assert "A payment with this reference exists already" in results[3].reason
    assert (await the_payment(session)).reference == "BANK-1"
