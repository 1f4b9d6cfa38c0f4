"""Bank statements are taken in: each movement once, and what is sure becomes a payment by itself."""

from collections.abc import Sequence
from typing import Any

from chassis import clock
from chassis.errors import Conflict, Problem
from contracts.receivable import Direction
from records import reads
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.bank_statements import queries
from erp.finance.bank_statements.commands import deciding
from erp.finance.bank_statements.models import BankStatement, LineState, StatementLine
from erp.finance.bank_statements.records import STATEMENTS
from erp.finance.bank_statements.rules import Match, match
from erp.finance.bank_statements.statements.movements import ReadLine, ReadStatement
from erp.finance.payments import queries as payments
from erp.finance.payments.commands.locking import lock_customers
from erp.finance.payments.models import BankAccount
from erp.finance.payments.records import BANK_ACCOUNTS

READ = (
    "booked_on", "amount", "currency", "bank_reference", "end_to_end_id", "counterparty_name", "counterparty_iban",
    "remittance", "key",
)  # fmt: skip


class NotOurAccount(Conflict):
    code = "not-our-account"
    title = "The statement is of an account that is not one of ours"
    detail = "There is no bank account with the IBAN {iban} in use."
    hint = "Check the file; if the account is ours, add it: POST /v1/bank-accounts."


class StatementInOtherCurrency(Conflict):
    code = "statement-currency"
    title = "The statement is in another currency than the account"
    detail = "{name} is kept in {currency}; the statement has {found}."
    hint = "Check the file; an account of ours has one currency."


async def take_in(
    session: AsyncSession, read: Sequence[ReadStatement], actor: str, account: BankAccount | None = None
) -> tuple[list[BankStatement], int]:
    """Take in what was read; answer the statements, and how many lines were new. The same file again changes nothing.

    `account` is the one that the sender named. Raises `NotOurAccount`, `StatementInOtherCurrency`; then nothing is
    taken in.
    """
    taken, new = [], 0
    for each in read:
        owner = await _account(session, each, account)
        statement, fresh = await _add(session, each, owner, actor)
        await _match(session, fresh, owner, actor)
        taken.append(statement.id)
        new += len(fresh)
    return [await reads.by_id(session, STATEMENTS, statement_id) for statement_id in dict.fromkeys(taken)], new


async def _account(session: AsyncSession, read: ReadStatement, named: BankAccount | None) -> BankAccount:
    """The account, locked: two imports of one account come one after the other."""
    found = await payments.bank_account_by_iban(session, read.iban) if read.iban else named
    if found is None or found.archived_at is not None or (named is not None and found.id != named.id):
        raise NotOurAccount(iban=read.iban or (named.iban if named else None))
    account = await reads.by_id(session, BANK_ACCOUNTS, found.id, lock=True)
    if others := sorted({line.currency for line in read.lines} - {account.currency}):
        raise StatementInOtherCurrency(name=account.name, currency=account.currency, found=", ".join(others))
    return account


async def _add(
    session: AsyncSession, read: ReadStatement, account: BankAccount, actor: str
) -> tuple[BankStatement, list[StatementLine]]:
    statement = await queries.by_identifier(session, account.id, read.identifier)
    if statement is None:
        statement = BankStatement(
            bank_account_id=account.id,
            identifier=read.identifier,
            format=read.format,
            opened_on=read.opened_on,
            closed_on=read.closed_on,
            opening_balance=read.opening_balance,
            closing_balance=read.closing_balance,
            imported_by=actor,
            imported_at=clock.now(),
        )
        session.add(statement)
        await session.flush()
    known = await queries.known_keys(session, account.id, [line.key for line in read.lines])
    last = await queries.last_position(session, statement.id)
    new = (line for line in read.lines if line.key not in known)
    fresh = [_line(statement, account, line, last + n) for n, line in enumerate(new, 1)]
    session.add_all(fresh)
    await session.flush()
    return statement, fresh


def _line(statement: BankStatement, account: BankAccount, read: ReadLine, position: int) -> StatementLine:
    values: dict[str, Any] = {name: getattr(read, name) for name in READ}
    return StatementLine(
        **values,
        statement_id=statement.id,
        bank_account_id=account.id,
        position=position,
        direction=read.direction.value,
        state=LineState.PROPOSED.value,
    )


async def _match(session: AsyncSession, lines: Sequence[StatementLine], account: BankAccount, actor: str) -> None:
    """Lines come one after the other: what one has settled is not open for the next."""
    if not lines:
        return
    before = await queries.books(session, lines, account.currency)
    await lock_customers(session, [match(as_read(line), before).customer_id for line in lines])
    books = await queries.books(session, lines, account.currency)
    for line in lines:
        guess = match(as_read(line), books)
        line.proposal = guess.document(
            {each.invoice_id: books.invoices[each.invoice_id].number for each in guess.shares}
        )
        if guess.sure and await _carry_out(session, line, guess, actor):
            books.carried_out(as_read(line), guess)
    await session.flush()


async def _carry_out(session: AsyncSession, line: StatementLine, guess: Match, actor: str) -> bool:
    """Make it a payment; what a rule forbids (a closed month, say) waits for a person, with the reason."""
    try:
        async with session.begin_nested():
            payment_id = await deciding.pay(session, line, guess, actor)
    except Problem as problem:
        line.reason = str(problem)
        return False
    line.decide(LineState.MATCHED, actor, payment_id)
    return True


def as_read(line: StatementLine) -> ReadLine:
    """The line as the bank sent it."""
    return ReadLine(direction=Direction(line.direction), **{name: getattr(line, name) for name in READ})
