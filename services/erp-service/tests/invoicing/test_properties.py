"""What holds after any sequence of use cases, also at once. Committed for real, each example as a tenant of its own."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.errors import Conflict
from erp.finance.invoicing import commands, queries
from erp.finance.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from erp.finance.invoicing.schemas import CreditedLineBody, CreditNoteBody, InvoiceBody, ReturnsBody
from erp.ledger import commands as ledger
from erp.ledger import queries as ledger_queries
from erp.ledger.rules import Source
from erp.sales.orders.models import Order, OrderLine, Shipment, ShipmentLine
from erp.sales.orders.records import ORDERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from records import reads
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..books import Books, Work
from .factories import DAY, a_customer, an_order, ship, take_back

pytestmark = pytest.mark.servers
FEW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
QUANTITIES = st.sampled_from(["1", "0.5", "2", "3"])
PRICES = st.sampled_from(["0.335", "14", "18.6", "0.005"])
LINES = st.fixed_dictionaries(
    {
        "unit_price": PRICES,
        "discount": st.sampled_from(["0", "0.05", "0.15"]),
        "tax_rate": st.sampled_from(["0.19", "0.07", "0"]),
    }
)


class Lost(Conflict):
    code = "lost-for-a-test"
    title = "The transaction is rolled back"


async def issue(session: AsyncSession, order_id: UUID, on: date = DAY) -> str:
    return (await commands.issue(session, InvoiceBody(order_id=order_id, issued_on=on), "anna")).number


async def shipped(session: AsyncSession) -> UUID:
    order = await an_order(session, await a_customer(session))
    await ship(session, order)
    return order.id


@FEW
@given(st.lists(st.tuples(st.sampled_from([1996, 2026]), st.booleans()), min_size=1, max_size=8))
def test_numbers_have_no_gaps_whatever_happens_at_once(books: Books, attempts: list[tuple[int, bool]]) -> None:
    books.tenant = uuid4()
    order_ids = books.at_once(*(shipped for _ in attempts))

    def attempt(order_id: object, year: int, lost: bool) -> Work:
        async def work(session: AsyncSession) -> object:
            number = await issue(session, UUID(str(order_id)), date(year, 5, 1))
            if lost:
                raise Lost()
            return number

        return work

    works = (attempt(order_id, *each) for order_id, each in zip(order_ids, attempts, strict=True))
    numbers = sorted(str(number) for number in books.at_once(*works) if number)
    counts = {year: sum(each == (year, False) for each in attempts) for year in (1996, 2026)}
    assert numbers == [f"INV-{year}-{n:06}" for year, count in counts.items() for n in range(1, count + 1)]


@FEW
@given(st.lists(LINES, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_the_totals_do_not_depend_on_the_order_of_the_lines(
    books: Books, lines: list[dict[str, str]], random: Random
) -> None:
    books.tenant = uuid4()
    shuffled = sorted(lines, key=lambda _: random.random())

    async def work(session: AsyncSession) -> object:
        found = []
        for each in (lines, shuffled):
            order = await an_order(session, await a_customer(session), *each)
            await ship(session, order)
            row = await commands.issue(session, InvoiceBody(order_id=order.id, issued_on=DAY), "anna")
            found.append((row.net, row.tax, row.taxes))
        return found

    (found,) = books.at_once(work)
    assert isinstance(found, list)
    assert found[0] == found[1]


class Billing(RuleBasedStateMachine):
    """One order of three lines, shipped, taken back, billed, credited and paid by several people at once."""

    books: Books

    @initialize(lines=st.lists(LINES, min_size=1, max_size=3))
    def an_order_comes_in(self, lines: list[dict[str, str]]) -> None:
        self.books.tenant = uuid4()

        async def work(session: AsyncSession) -> object:
            order = await an_order(session, await a_customer(session), *lines)
            self.order_id, self.customer_id = order.id, order.customer_id
            return order

        self.books.at_once(work)

    @rule(quantities=st.lists(QUANTITIES, min_size=1, max_size=3))
    def ships(self, quantities: list[str]) -> None:
        self.books.at_once(self._moves(ship, quantities))

    @rule(quantities=st.lists(QUANTITIES, min_size=1, max_size=3), people=st.integers(1, 3))
    def bills_while_goods_move(self, quantities: list[str], people: int) -> None:
        bills = [self._bills] * people
        self.books.at_once(*bills, self._moves(ship, quantities), self._moves(take_back, quantities))

    @rule(by_shipment=st.booleans(), people=st.integers(1, 3))
    def bills(self, by_shipment: bool, people: int) -> None:
        self.books.at_once(*[self._bills_shipments if by_shipment else self._bills] * people)

    @rule(quantity=QUANTITIES, whole=st.booleans())
    def credits_while_others_bill(self, quantity: str, whole: bool) -> None:
        async def work(session: AsyncSession) -> None:
            for invoice_id, line_id in await self._a_line(session):
                lines = None if whole else [CreditedLineBody(line_id=line_id, quantity=Decimal(quantity))]
                body = CreditNoteBody(invoice_id=invoice_id, lines=lines, issued_on=DAY)
                await commands.credit(session, body, "anna")

        self.books.at_once(work, work, self._bills)

    @rule()
    def credits_what_came_back(self) -> None:
        async def work(session: AsyncSession) -> None:
            returns = list(await session.scalars(select(Shipment.id).where(Shipment.kind == "return")))
            if returns:
                await commands.credit_returns(session, ReturnsBody(return_ids=returns, issued_on=DAY), "anna")

        self.books.at_once(work, work)

    @rule(cents=st.integers(1, 5_000))
    def somebody_pays(self, cents: int) -> None:
        async def work(session: AsyncSession) -> None:
            for invoice_id, _ in await self._a_line(session):
                (invoice,) = await queries.for_update(session, [invoice_id])
                if amount := min(invoice.open, Decimal(cents) / 100):
                    await commands.settle(session, invoice, amount, "anna")
                    await ledger.post(
                        session,
                        "payment_in",
                        on=DAY,
                        currency="EUR",
                        amounts={"amount": amount},
                        source=Source("payment", uuid4()),
                        actor="anna",
                        party_id=self.customer_id,
                    )

        self.books.at_once(work, work)

    @invariant()
    def nothing_is_billed_that_was_not_shipped(self) -> None:
        self.books.at_once(self._billed_agrees)

    @invariant()
    def what_is_owed_agrees_with_the_ledger(self) -> None:
        self.books.at_once(self._owed_agrees)

    @invariant()
    def numbers_have_no_gaps(self) -> None:
        self.books.at_once(self._numbers_agree)

    def _moves(self, move: Callable[..., Awaitable[Shipment]], quantities: list[str]) -> Work:
        async def work(session: AsyncSession) -> object:
            return await move(session, await reads.by_id(session, ORDERS, self.order_id), *quantities)

        return work

    async def _bills(self, session: AsyncSession) -> object:
        return await issue(session, self.order_id)

    async def _bills_shipments(self, session: AsyncSession) -> object:
        outward = select(Shipment.id).where(Shipment.kind == "shipment")
        body = InvoiceBody(shipment_ids=list(await session.scalars(outward)) or [uuid4()], issued_on=DAY)
        return await commands.issue(session, body, "anna") if await session.scalar(outward.limit(1)) else None

    async def _a_line(self, session: AsyncSession) -> list[tuple[UUID, UUID]]:
        statement = select(InvoiceLine.invoice_id, InvoiceLine.id).order_by(InvoiceLine.credited, InvoiceLine.id)
        return [(row[0], row[1]) for row in (await session.execute(statement.limit(1)))]

    async def _billed_agrees(self, session: AsyncSession) -> None:
        billed = await sums(session, InvoiceLine.order_line_id, InvoiceLine.quantity)
        taken_back = await sums(session, CreditNoteLine.order_line_id, CreditNoteLine.quantity)
        for line in await session.scalars(select(OrderLine)):
            assert line.invoiced == billed[line.id] - taken_back[line.id]
            assert 0 <= line.invoiced <= line.shipped
        by_shipment = await sums(session, InvoiceLine.shipment_id, InvoiceLine.quantity - InvoiceLine.credited)
        sent = await sums(session, ShipmentLine.shipment_id, ShipmentLine.quantity)
        assert all(quantity <= sent[shipment_id] for shipment_id, quantity in by_shipment.items())

    async def _owed_agrees(self, session: AsyncSession) -> None:
        open_invoices = await session.scalar(select(func.coalesce(func.sum(Invoice.total - Invoice.settled), 0)))
        credits_left = await session.scalar(select(func.coalesce(func.sum(CreditNote.total - CreditNote.settled), 0)))
        owed = await ledger_queries.balance(session, "receivables", "EUR", self.customer_id)
        assert owed == Decimal(open_invoices or 0) - Decimal(credits_left or 0)
        on_order = (await session.scalars(select(Order.on_order))).one()
        assert on_order >= 0

    async def _numbers_agree(self, session: AsyncSession) -> None:
        for table, series in ((Invoice, "INV"), (CreditNote, "CN")):
            numbers = sorted(await session.scalars(select(table.number)))
            assert numbers == [f"{series}-{DAY.year}-{n:06}" for n in range(1, len(numbers) + 1)]


async def sums(session: AsyncSession, key: Any, amount: Any) -> defaultdict[UUID, Decimal]:
    rows = await session.execute(select(key, func.sum(amount)).group_by(key))
    return defaultdict(Decimal, {row[0]: row[1] for row in rows})


def test_billing_agrees_with_what_was_shipped_and_with_the_books(books: Books) -> None:
    Billing.books = books
    run_state_machine_as_test(Billing, settings=settings(FEW, stateful_step_count=12))
