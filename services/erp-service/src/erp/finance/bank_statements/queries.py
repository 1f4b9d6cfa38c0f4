"""Named reads of bank statements, and of what their lines are matched with."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from chassis.errors import NotFound
from contracts.normalise import company_name_key, reference_key
from contracts.receivable import Direction, PaymentState
from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.bank_statements.models import BankStatement, StatementLine
from erp.finance.bank_statements.rules import Books, KnownPayment, OpenInvoice
from erp.finance.invoicing.models import Invoice
from erp.finance.payments.models import Payment
from erp.parties.customers.models import Customer


async def by_identifier(session: AsyncSession, bank_account_id: UUID, identifier: str) -> BankStatement | None:
    """The statement that the bank calls so."""
    same = (BankStatement.bank_account_id == bank_account_id, BankStatement.identifier == identifier)
    found: BankStatement | None = await session.scalar(select(BankStatement).where(*same))
    return found


async def line_of(session: AsyncSession, statement_id: UUID, line_id: UUID) -> None:
    """Raises `NotFound` unless the statement has this line."""
    same = (StatementLine.id == line_id, StatementLine.statement_id == statement_id)
    if not await session.scalar(select(exists().where(*same))):
        raise NotFound(id=line_id)


async def line_for_update(session: AsyncSession, line_id: UUID) -> StatementLine:
    """One line, locked until the transaction ends. Raises `NotFound`."""
    found = await session.get(StatementLine, line_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(id=line_id)
    return found


async def known_keys(session: AsyncSession, bank_account_id: UUID, keys: Collection[str]) -> set[str]:
    """Which of these movements of an account were taken in before."""
    same = (StatementLine.bank_account_id == bank_account_id, StatementLine.key.in_(keys))
    return set(await session.scalars(select(StatementLine.key).where(*same)))


async def last_position(session: AsyncSession, statement_id: UUID) -> int:
    """The position of a statement's last line, 0 without one."""
    lines = StatementLine.statement_id == statement_id
    return await session.scalar(select(func.max(StatementLine.position)).where(lines)) or 0


async def is_taken(session: AsyncSession, payment_id: UUID) -> bool:
    """Whether a line is this payment already."""
    return bool(await session.scalar(select(exists().where(StatementLine.payment_id == payment_id))))


async def books(session: AsyncSession, lines: Sequence[StatementLine], currency: str) -> Books:
    """What the lines of one account are matched with, as it stands now."""
    return Books(
        invoices=await _open_invoices(session, currency),
        payments=await _payments(session, lines, currency),
        by_iban=await _customers_by_iban(session, {line.counterparty_iban for line in lines}),
        by_name=await _customers_by_name(session, {line.counterparty_name for line in lines}),
    )


async def _open_invoices(session: AsyncSession, currency: str) -> list[OpenInvoice]:
    columns = (Invoice.id, Invoice.number, Invoice.customer_id, Invoice.total - Invoice.settled)
    open_ = (Invoice.settled < Invoice.total, Invoice.currency == currency)
    found = await session.execute(select(*columns).where(*open_).order_by(Invoice.due_on, Invoice.number))
    return [OpenInvoice(*row) for row in found]


async def _payments(
    session: AsyncSession, lines: Sequence[StatementLine], currency: str
) -> dict[tuple[str, Direction], KnownPayment]:
    named = {each for line in lines for each in (line.end_to_end_id, line.bank_reference) if each}
    taken = exists().where(StatementLine.payment_id == Payment.id)
    statement = select(
        Payment.reference_key, Payment.direction, Payment.id, Payment.customer_id, Payment.amount, taken
    ).where(
        Payment.reference_key.in_({reference_key(each) for each in named}),
        Payment.currency == currency,
        Payment.state != PaymentState.REVERSED,
        Payment.archived_at.is_(None),
    )
    return {
        (key or "", Direction(direction)): KnownPayment(payment_id, customer_id, amount, is_taken)
        for key, direction, payment_id, customer_id, amount, is_taken in await session.execute(statement)
    }


async def _customers_by_iban(session: AsyncSession, ibans: Collection[str | None]) -> dict[str, frozenset[UUID]]:
    """Whose payments came from these accounts before."""
    statement = (
        select(StatementLine.counterparty_iban, Payment.customer_id)
        .join(Payment, Payment.id == StatementLine.payment_id)
        .where(
            StatementLine.counterparty_iban.in_({each for each in ibans if each}),
            Payment.customer_id.is_not(None),
            Payment.state != PaymentState.REVERSED,
        )
        .distinct()
    )
    return _grouped(await session.execute(statement))


async def _customers_by_name(session: AsyncSession, names: Collection[str | None]) -> dict[str, frozenset[UUID]]:
    """Customers in use whose name is one of these, legal forms and spelling aside."""
    wanted = {company_name_key(each) for each in names if each} - {""}
    if not wanted:
        return {}
    found = await session.execute(select(Customer.name, Customer.id).where(Customer.archived_at.is_(None)))
    keyed = ((company_name_key(name), customer_id) for name, customer_id in found)
    return _grouped((key, customer_id) for key, customer_id in keyed if key in wanted)


def _grouped(pairs: Iterable[Any]) -> dict[str, frozenset[UUID]]:
    groups: defaultdict[str, set[UUID]] = defaultdict(set)
    for key, customer_id in pairs:
        groups[key].add(customer_id)
    return {key: frozenset(ids) for key, ids in groups.items()}
