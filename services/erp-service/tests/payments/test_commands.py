"""Use cases on a real database: what is posted, what is settled, what is announced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from chassis import outbox
from chassis.db import Sessions
from chassis.errors import NotFound
from chassis.replication import Delivery, apply
from chassis.testing import TENANT, act_for
from contracts.groups import GROUPS, check_value
from contracts.receivable import PaymentState
from erp.finance.invoicing.models import Invoice
from erp.finance.invoicing.records import INVOICES
from erp.finance.payments import queries
from erp.finance.payments.commands import allocating, entering
from erp.finance.payments.commands.allocating import InvoiceOfAnother, InvoiceSettled, NotAllocatable
from erp.finance.payments.commands.entering import PaymentKnown
from erp.finance.payments.events import PAYMENT
from erp.finance.payments.handlers import carry_out_due
from erp.finance.payments.models import AllocatedBeyondPayment, Payment, PaymentAllocated, PaymentStepRefused
from erp.finance.payments.records import PAYMENTS
from erp.finance.payments.rules import Allocate
from erp.finance.payments.schemas import AssignBody, Part, ReverseBody
from erp.ledger import commands as ledger_commands
from erp.ledger import queries as ledger
from erp.ledger.commands import PeriodClosed
from records import ReferenceUnknown, reads
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from .factories import DAY, a_customer, a_payment, an_invoice, delivered_payment, delivery

pytestmark = pytest.mark.servers


async def owed(session: AsyncSession, customer_id: UUID) -> Decimal:
    return await ledger.balance(session, "receivables", "EUR", customer_id)


async def open_of(session: AsyncSession, invoice: Invoice) -> Decimal:
    return (await reads.by_id(session, INVOICES, invoice.id)).open


def settled_by(row: Payment) -> list[tuple[str, Decimal]]:
    return [(each.invoice_number, each.amount) for each in row.standing]


def seen(_row: object) -> None:
    """The caller has seen the row as it is."""


async def test_a_payment_is_booked_at_once_and_settles_what_it_names(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    older, named = await an_invoice(session, customer_id), await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id, "119", note=f"Your invoice {named.number}")
    assert (row.state, settled_by(row), row.unallocated) == ("booked", [(named.number, Decimal(119))], Decimal(0))
    assert await owed(session, customer_id) == 119
    assert await ledger.balance(session, "bank", "EUR") == 119
    assert (await open_of(session, older), await open_of(session, named)) == (Decimal(119), Decimal(0))


async def test_a_partial_payment_leaves_the_rest_open_and_an_overpayment_is_left_over(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id)
    part = await a_payment(session, customer_id, "19")
    assert (settled_by(part), await open_of(session, invoice)) == ([(invoice.number, Decimal(19))], Decimal(100))
    over = await a_payment(session, customer_id, "150")
    assert (over.allocated, over.unallocated) == (Decimal(100), Decimal(50))
    assert await owed(session, customer_id) == -50


async def test_a_payment_settles_nothing_of_others_nor_in_another_currency(session: AsyncSession) -> None:
    mine, other = await a_customer(session), await a_customer(session, "Berglunds")
    foreign, theirs = await an_invoice(session, mine, currency="USD"), await an_invoice(session, other)
    row = await a_payment(session, mine, "500", note=f"{foreign.number} {theirs.number}")
    assert row.unallocated == 500
    for invoice in (foreign, theirs):
        with pytest.raises(InvoiceOfAnother):
            await allocating.allocate(session, row.id, [Part(invoice_id=invoice.id, amount=Decimal(1))], "anna")


async def test_a_reference_is_one_payment_per_direction_and_currency(session: AsyncSession) -> None:
    first = await a_payment(session, None, reference="E2E 4711")
    with pytest.raises(PaymentKnown) as refused:
        await a_payment(session, None, reference="e2e4711")
    assert refused.value.facts["id"] == first.id
    await a_payment(session, None, reference="E2E 4711", direction="out")
    await a_payment(session, None, reference="E2E 4711", currency="USD")


async def test_a_payment_of_nobody_waits_apart_and_is_assigned_later(session: AsyncSession) -> None:
    row = await a_payment(session, None)
    assert await ledger.balance(session, "unassigned_payments", "EUR") == -119
    customer_id, other = await a_customer(session), await a_customer(session, "Berglunds")
    invoice = await an_invoice(session, customer_id)
    with pytest.raises(NotAllocatable):
        await allocating.allocate_by(session, row.id, Allocate.OLDEST, "anna")
    await entering.assign(session, row.id, AssignBody(customer_id=other), "anna")
    assert await owed(session, other) == -119
    await entering.assign(session, row.id, AssignBody(customer_id=customer_id), "anna")
    assert [await owed(session, each) for each in (other, customer_id)] == [0, 0]
    assert row.allocated == 119
    with pytest.raises(PaymentAllocated):
        await entering.assign(session, row.id, AssignBody(customer_id=None), "anna")
    await allocating.undo(session, row.id, row.standing[0].id, "anna", seen)
    await entering.assign(session, row.id, AssignBody(customer_id=None), "anna")
    assert await owed(session, customer_id) == 119
    assert await ledger.balance(session, "unassigned_payments", "EUR") == -119
    assert await open_of(session, invoice) == 119


async def test_a_payment_is_assigned_back_and_forth(session: AsyncSession) -> None:
    row, first, second = await a_payment(session, None), await a_customer(session), await a_customer(session, "B")
    for customer_id in (first, second, first, None, first):
        await entering.assign(session, row.id, AssignBody(customer_id=customer_id), "anna")
    assert (await owed(session, first), await owed(session, second)) == (Decimal(-119), Decimal(0))
    assert await ledger.balance(session, "unassigned_payments", "EUR") == 0


async def test_money_that_goes_out_pays_a_credit_back(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await a_payment(session, customer_id, "50")
    row = await a_payment(session, customer_id, "50", direction="out")
    assert (await owed(session, customer_id), row.unallocated) == (Decimal(0), Decimal(0))
    with pytest.raises(NotAllocatable):
        await allocating.allocate_by(session, row.id, Allocate.OLDEST, "anna")


@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("of_somebody", [True, False])
async def test_a_reversal_takes_everything_back(session: AsyncSession, direction: str, of_somebody: bool) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id if of_somebody else None, direction=direction)
    await entering.reverse(session, row.id, ReverseBody(reason="bounced"), "anna")
    assert (row.state, row.reason, row.allocated, row.unallocated) == ("reversed", "bounced", Decimal(0), Decimal(0))
    assert (await owed(session, customer_id), await open_of(session, invoice)) == (Decimal(119), Decimal(119))
    for role in ("bank", "unassigned_payments"):
        assert await ledger.balance(session, role, "EUR") == 0
    with pytest.raises(PaymentStepRefused):
        await entering.reverse(session, row.id, ReverseBody(reason="again"), "anna")
    with pytest.raises(PaymentStepRefused):
        await entering.assign(session, row.id, AssignBody(customer_id=None), "anna")


async def test_by_hand_all_parts_are_settled_or_none(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    first, second = await an_invoice(session, customer_id), await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id, "150", allocate="none")
    parts = [Part(invoice=first.number, amount=Decimal(100)), Part(invoice_id=second.id, amount=Decimal("19.5"))]
    await allocating.allocate(session, row.id, parts, "anna")
    assert settled_by(row) == [(first.number, 100), (second.number, Decimal("19.5"))]
    too_much = [Part(invoice=first.number, amount=Decimal("19.01"))]
    with pytest.raises(InvoiceSettled):
        await allocating.allocate(session, row.id, too_much, "anna")
    with pytest.raises(AllocatedBeyondPayment):
        await allocating.allocate(session, row.id, [Part(invoice=second.number, amount=Decimal(31))], "anna")
    with pytest.raises(NotFound):
        await allocating.allocate(session, row.id, [Part(invoice="INV-1", amount=Decimal(1))], "anna")


async def test_an_allocation_is_undone_and_stays_in_the_history(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id)
    await allocating.undo(session, row.id, row.standing[0].id, "anna", seen)
    assert (row.unallocated, await open_of(session, invoice)) == (Decimal(119), Decimal(119))
    found = await reads.by_id(session, PAYMENTS, row.id)
    assert (found.standing, len(found.allocations)) == ([], 1)
    with pytest.raises(NotFound):
        await allocating.undo(session, row.id, found.allocations[0].id, "anna", seen)


async def test_a_closed_month_takes_no_payment(session: AsyncSession) -> None:
    await ledger_commands.close(session, DAY.replace(day=1), "anna")
    with pytest.raises(PeriodClosed):
        await a_payment(session, None)


async def test_a_payment_of_nobody_we_know_or_at_no_account_of_ours_is_refused(session: AsyncSession) -> None:
    with pytest.raises(ReferenceUnknown):
        await a_payment(session, uuid4())
    with pytest.raises(ReferenceUnknown):
        await a_payment(session, None, bank_account_id=uuid4())


async def test_the_database_itself_refuses_allocations_that_do_not_add_up(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id)
    for statement in (
        "update payments set allocated = allocated - 1 where id = :id",
        "update payment_allocations set undone_at = now() where payment_id = :id",
        "update payments set allocated = allocated + 1 where id = :id",
    ):
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text(statement), {"id": row.id})
                await session.execute(text("set constraints all immediate"))


async def test_what_is_announced_is_of_the_published_shape(session: AsyncSession) -> None:
    customer_id = await a_customer(session)
    await an_invoice(session, customer_id)
    row = await a_payment(session, customer_id, reference="E2E-1")
    await entering.reverse(session, row.id, ReverseBody(reason="bounced"), "anna")
    found = await session.scalars(
        select(outbox.OutboxRow.data).where(outbox.OutboxRow.topic == PAYMENT.topic).order_by(outbox.OutboxRow.id)
    )
    entered, reversed_ = (orjson.loads(data) for data in found)
    assert (entered["seq"], reversed_["seq"]) == (1, 2)
    assert entered["snapshot"]["allocation"]["allocated"] == "119.00"
    assert {change["group"] for change in reversed_["changes"]} == {"state", "reason", "allocation", "life"}
    for group, value in entered["snapshot"].items():
        assert check_value(GROUPS["payment"], group, value) == value


@asynccontextmanager
async def a_worker(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """A worker in the test's own transaction: first it carries out what is due, then the test looks."""
    await carry_out_due(sessions)
    async with sessions() as session:
        await act_for(session)
        yield session


async def delivered(session: AsyncSession, item: dict[str, object]) -> str:
    (outcome,) = await apply(session, PAYMENT, [Delivery.model_validate(item)])
    await session.commit()
    await act_for(session, TENANT)
    return outcome.outcome


async def present(session: AsyncSession) -> Payment:
    row: Payment
    (row,) = await PAYMENT.rows(session, [], [UUID(str(delivered_payment()["canonical_id"]))])
    return row


async def test_a_payment_that_sales_entered_is_booked_and_allocated_by_the_worker(
    session: AsyncSession, sessions: Sessions
) -> None:
    customer_id = await a_customer(session)
    older, named = await an_invoice(session, customer_id), await an_invoice(session, customer_id)
    item = delivered_payment("150", customer=str(customer_id), reference="E2E-1", note=f"for {named.number}")
    assert await delivered(session, item) == "applied"
    assert (await present(session)).state == "entered"
    assert await owed(session, customer_id) == 238
    async with a_worker(sessions) as fresh:
        row = await present(fresh)
        assert (row.state, settled_by(row)) == ("booked", [(named.number, Decimal(119)), (older.number, Decimal(31))])
        assert await owed(fresh, customer_id) == 88
        assert await queries.due(fresh, 10) == []


async def test_a_payment_that_cannot_be_booked_says_why_and_comes_again(
    session: AsyncSession, sessions: Sessions
) -> None:
    await ledger_commands.close(session, DAY.replace(day=1), "anna")
    await delivered(session, delivered_payment())
    async with a_worker(sessions) as fresh:
        row = await present(fresh)
        assert (row.state, row.tries) == ("entered", 1)
        assert row.reason is not None
        assert row.reason.startswith("The month is closed")
        await ledger_commands.reopen(fresh, DAY.replace(day=1), "anna")
        row.try_at = None
        await fresh.commit()
    async with a_worker(sessions) as fresh:
        row = await present(fresh)
        assert (row.state, row.reason, row.tries) == ("booked", None, 0)


async def test_a_delivered_customer_is_given_the_payment_in_the_books(
    session: AsyncSession, sessions: Sessions
) -> None:
    await delivered(session, delivered_payment())
    async with a_worker(sessions) as fresh:
        customer_id = await a_customer(fresh)
        await an_invoice(fresh, customer_id)
        row = await present(fresh)
        item = delivery(rev=2, seen_seq=row.seq, customer=str(customer_id))
        assert await delivered(fresh, item) == "applied"
    async with a_worker(sessions) as fresh:
        row = await present(fresh)
        assert (row.allocated, await owed(fresh, customer_id)) == (Decimal(119), Decimal(0))
        assert await ledger.balance(fresh, "unassigned_payments", "EUR") == 0


@pytest.mark.parametrize("booked_before", [True, False])
async def test_a_delivered_reversal_is_carried_out(
    session: AsyncSession, sessions: Sessions, booked_before: bool
) -> None:
    customer_id = await a_customer(session)
    invoice = await an_invoice(session, customer_id)
    await delivered(session, delivered_payment(customer=str(customer_id)))
    if booked_before:
        await carry_out_due(sessions)
    row = await present(session)
    item = delivery(rev=2, seen_seq=row.seq, state="reversed", reason="bounced")
    assert await delivered(session, item) == "applied"
    async with a_worker(sessions) as fresh:
        row = await present(fresh)
        assert (row.state, row.posted_state, row.reason) == ("reversed", "reversed", "bounced")
        assert row.allocated == 0
        assert (await owed(fresh, customer_id), await open_of(fresh, invoice)) == (Decimal(119), Decimal(119))
        assert await ledger.balance(fresh, "bank", "EUR") == 0


async def test_what_the_books_decide_is_not_taken_from_others(session: AsyncSession, sessions: Sessions) -> None:
    customer_id = await a_customer(session)
    await an_invoice(session, customer_id)
    await delivered(session, delivered_payment(customer=str(customer_id)))
    async with a_worker(sessions) as fresh:
        seq = (await present(fresh)).seq
        allocation = {"allocated": "0", "unallocated": "0", "invoices": []}
        payment = {"amount": "1", "currency": "EUR", "direction": "in", "received_on": DAY.isoformat()}
        refused: dict[str, Any] = {"allocation": allocation, "payment": payment, "state": "entered", "customer": None}
        for group, value in refused.items():
            assert await delivered(fresh, delivery(rev=2, seen_seq=seq, **{group: value})) == "rejected", group
        row = await present(fresh)
        assert (row.state, row.amount, row.allocated) == (PaymentState.BOOKED, Decimal(119), Decimal(119))


@pytest.mark.parametrize("amount", ["0", "-1", "1.001"])
async def test_an_amount_that_nobody_can_pay_is_rejected(session: AsyncSession, amount: str) -> None:
    assert await delivered(session, delivered_payment(amount)) == "rejected"


async def test_the_same_payment_entered_on_both_sides_waits_for_the_hub(session: AsyncSession) -> None:
    await a_payment(session, None, reference="E2E-1")
    assert await delivered(session, delivered_payment(reference="e2e-1")) == "skipped"
    assert await delivered(session, delivered_payment(reference="E2E-2")) == "applied"
