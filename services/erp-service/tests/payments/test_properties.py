"""What holds after any sequence of use cases, also at once. Committed for real, each example as a tenant of its own."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from contracts.receivable import Direction, PaymentState
from erp.finance.balances import commands as balances
from erp.finance.balances import view
from erp.finance.balances.models import Balance
from erp.finance.balances.schemas import ReceivableFilters
from erp.finance.bank_statements.commands import importing
from erp.finance.bank_statements.statements.camt import read_camt
from erp.finance.invoicing.models import CreditNote, Invoice
from erp.finance.payments.commands import allocating, entering
from erp.finance.payments.models import Allocation, Payment
from erp.finance.payments.records import BANK_ACCOUNTS, PAYMENTS
from erp.finance.payments.rules import Allocate
from erp.finance.payments.schemas import AssignBody, BankAccountBody, Part, ReverseBody
from erp.ledger import queries as ledger
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from records import reads, writes
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from ..bank_statements.factories import camt, entry
from ..books import Books, Work
from .factories import DAY, IBAN, a_credit, a_customer, a_payment, an_invoice

pytestmark = pytest.mark.servers
FEW = settings(max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck))
AMOUNTS = st.sampled_from(["0.01", "10", "33.33", "100", "250"])
WHICH = st.integers(0, 5)
HOW = st.sampled_from(Allocate)


def pick(ids: list[UUID], which: int) -> UUID:
    return ids[which % len(ids)] if ids else uuid4()


async def ids_of(session: AsyncSession, table: type[Invoice | Payment]) -> list[UUID]:
    return list(await session.scalars(select(table.id).order_by(table.id)))


def pay(customer_id: UUID | None, amount: str, how: Allocate, direction: Direction = Direction.IN) -> Work:
    return lambda session: a_payment(session, customer_id, amount, allocate=how, direction=direction)


def allocate(which: int, invoice: int, amount: str) -> Work:
    async def work(session: AsyncSession) -> object:
        part = Part(invoice_id=pick(await ids_of(session, Invoice), invoice), amount=Decimal(amount))
        return await allocating.allocate(session, pick(await ids_of(session, Payment), which), [part], "anna")

    return work


def allocate_by(which: int, how: Allocate) -> Work:
    async def work(session: AsyncSession) -> object:
        return await allocating.allocate_by(session, pick(await ids_of(session, Payment), which), how, "anna")

    return work


def undo(which: int) -> Work:
    async def work(session: AsyncSession) -> object:
        row = await reads.by_id(session, PAYMENTS, pick(await ids_of(session, Payment), which))
        allocation_id = row.standing[0].id if row.standing else uuid4()
        return await allocating.undo(session, row.id, allocation_id, "anna", lambda _: None)

    return work


def reverse(which: int) -> Work:
    async def work(session: AsyncSession) -> object:
        payment_id = pick(await ids_of(session, Payment), which)
        return await entering.reverse(session, payment_id, ReverseBody(reason="bounced"), "anna")

    return work


def assign(which: int, customer_id: UUID | None, how: Allocate) -> Work:
    async def work(session: AsyncSession) -> object:
        payment_id = pick(await ids_of(session, Payment), which)
        return await entering.assign(session, payment_id, AssignBody(customer_id=customer_id, allocate=how), "anna")

    return work


def credit(invoice: int, amount: str) -> Work:
    async def work(session: AsyncSession) -> object:
        found = await session.get(Invoice, pick(await ids_of(session, Invoice), invoice))
        return await a_credit(session, found, amount) if found else None

    return work


def take_in(names: list[str], amount: str) -> Work:
    """A statement with a line for each of some invoices, and one that nobody knows."""

    async def work(session: AsyncSession) -> object:
        entries = [entry(amount, text=name, bank=f"B-{name}", name="?", iban="") for name in (*names, "nothing")]
        return await importing.take_in(session, read_camt(camt(*entries, identifier=str(names))), "anna")

    return work


def works(customers: list[UUID | None]) -> st.SearchStrategy[Work]:
    """Anything that somebody may do."""
    whose = st.sampled_from(customers)
    return st.one_of(
        st.builds(pay, whose, AMOUNTS, HOW, st.sampled_from(Direction)),
        st.builds(pay, whose, AMOUNTS, HOW),
        st.builds(allocate, WHICH, WHICH, AMOUNTS),
        st.builds(allocate_by, WHICH, st.sampled_from([Allocate.OLDEST, Allocate.AUTOMATIC])),
        st.builds(undo, WHICH),
        st.builds(reverse, WHICH),
        st.builds(assign, WHICH, whose, HOW),
        st.builds(credit, WHICH, AMOUNTS),
    )


class PaymentsOfOneTenant(RuleBasedStateMachine):
    """Two customers who pay, settle, undo and reverse, one after the other and at once."""

    books: Books
    customers: list[UUID | None]

    @initialize()
    def a_tenant(self) -> None:
        self.books.tenant = uuid4()
        made = self.books.at_once(a_customer, lambda session: a_customer(session, "Berglunds"))
        self.customers = [*(UUID(str(each)) for each in made), None]

        async def account(session: AsyncSession) -> object:
            return await writes.create(session, BANK_ACCOUNTS, BankAccountBody(name="House bank", iban=IBAN), "anna")

        self.books.at_once(account, *(self._bill(which, "100") for which in (0, 0, 1)))

    def _bill(self, which: int, total: str) -> Work:
        customer_id = self.customers[which]
        assert customer_id is not None
        return lambda session: an_invoice(session, customer_id, total)

    @rule(which=st.integers(0, 1), total=AMOUNTS)
    def bill(self, which: int, total: str) -> None:
        self.books.at_once(self._bill(which, total))

    @rule(data=st.data())
    def one_thing_happens(self, data: st.DataObject) -> None:
        self.books.at_once(data.draw(works(self.customers)))

    @rule(data=st.data())
    def several_things_happen_at_once(self, data: st.DataObject) -> None:
        self.books.at_once(*data.draw(st.lists(works(self.customers), min_size=2, max_size=5)))

    @rule(amount=AMOUNTS, some=st.lists(WHICH, max_size=2, unique=True))
    def a_statement_comes_twice_at_once(self, amount: str, some: list[int]) -> None:
        async def numbers(session: AsyncSession) -> list[str]:
            return sorted(await session.scalars(select(Invoice.number)))

        (known,) = self.books.at_once(numbers)
        assert isinstance(known, list)
        names = sorted({known[which % len(known)] for which in some})
        self.books.at_once(take_in(names, amount), take_in(names, amount))

    @invariant()
    def everything_agrees(self) -> None:
        assert self.books.at_once(agree) == [True]


async def agree(session: AsyncSession) -> bool:
    payments = (await session.scalars(select(Payment).options(selectinload(Payment.allocations)))).all()
    for payment in payments:
        assert payment.allocated == sum(each.amount for each in payment.standing) <= payment.amount
        assert payment.posted_state == payment.state
        assert payment.state == PaymentState.BOOKED or not payment.allocated
    await _settlements_agree(session)
    await _ledger_agrees(session, [each for each in payments if each.state == PaymentState.BOOKED])
    await _balances_agree(session)
    return True


async def _settlements_agree(session: AsyncSession) -> None:
    """What is settled of an invoice is what payments and credit notes have settled."""
    standing = select(func.sum(Allocation.amount)).where(
        Allocation.invoice_id == Invoice.id, Allocation.undone_at.is_(None)
    )
    credited = select(func.sum(CreditNote.settled)).where(CreditNote.invoice_id == Invoice.id)
    statement = select(Invoice.settled, Invoice.total, standing.scalar_subquery(), credited.scalar_subquery())
    for settled, total, paid, credit_used in await session.execute(statement):
        assert settled == (paid or 0) + (credit_used or 0) <= total


async def _ledger_agrees(session: AsyncSession, booked: list[Payment]) -> None:
    signs = {Direction.IN.value: 1, Direction.OUT.value: -1}
    bank = sum(signs[each.direction] * each.amount for each in booked)
    nobodys = sum(signs[each.direction] * each.amount for each in booked if each.customer_id is None)
    assert await ledger.balance(session, "bank", "EUR") == bank
    assert await ledger.balance(session, "unassigned_payments", "EUR") == -nobodys
    owed = await ledger.balances_by_party(session, "receivables", "EUR")
    for customer_id in owed:
        open_ = select(func.sum(Invoice.total - Invoice.settled)).where(Invoice.customer_id == customer_id)
        unused = select(func.sum(CreditNote.total - CreditNote.settled)).where(CreditNote.customer_id == customer_id)
        theirs = [each for each in booked if each.customer_id == customer_id]
        left = sum(each.unallocated for each in theirs)
        paid_back = sum(each.amount for each in theirs if each.direction == Direction.OUT)
        expected = (await session.scalar(open_) or 0) - (await session.scalar(unused) or 0) - left + paid_back
        assert owed[customer_id] == expected
    statement, _ = view.aged(ReceivableFilters(), DAY)
    aged = {row.customer_id: row.total for row in await session.execute(statement)}
    assert {each: total for each, total in aged.items() if total} == {
        each: total for each, total in owed.items() if total
    }


async def _balances_agree(session: AsyncSession) -> None:
    await balances.refresh_changed(session, 10_000)
    shown = {row.customer_id: row.open for row in await session.scalars(select(Balance))}
    owed = await ledger.balances_by_party(session, "receivables", "EUR")
    assert all(shown.get(customer_id, 0) == total for customer_id, total in owed.items())


def test_payments_invoices_and_books_agree_whatever_happens(books: Books) -> None:
    PaymentsOfOneTenant.books = books
    run_state_machine_as_test(PaymentsOfOneTenant, settings=FEW)


def test_many_payments_at_once_never_settle_more_than_is_open(books: Books) -> None:
    books.tenant = uuid4()
    (customer_id,) = books.at_once(a_customer)
    owner = UUID(str(customer_id))
    books.at_once(*(lambda session: an_invoice(session, owner, "50") for _ in range(3)))
    books.at_once(*(pay(owner, "30", Allocate.OLDEST) for _ in range(8)))
    assert books.at_once(agree) == [True]

    async def left(session: AsyncSession) -> object:
        payments = (await session.scalars(select(Payment).options(selectinload(Payment.allocations)))).all()
        return sum(payment.unallocated for payment in payments)

    assert books.at_once(left) == [90]


def test_the_same_payment_entered_many_times_at_once_is_one(books: Books) -> None:
    books.tenant = uuid4()

    async def enter(session: AsyncSession) -> object:
        return (await a_payment(session, None, "30", reference="E2E-1")).id

    answers = books.at_once(*(enter for _ in range(8)))
    assert len([each for each in answers if each is not None]) == 1
    assert books.at_once(agree) == [True]
