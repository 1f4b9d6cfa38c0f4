"""Decisions on a line of a bank statement: a known payment, a new one, or no payment of a customer."""

from collections.abc import Sequence
from uuid import UUID

from chassis.errors import Conflict
from contracts.receivable import Direction, PaymentState
from sqlalchemy.ext.asyncio import AsyncSession

from erp.finance.bank_statements import queries
from erp.finance.bank_statements.models import LineState, StatementLine
from erp.finance.bank_statements.rules import Match, Why
from erp.finance.bank_statements.schemas import LineAssignBody, Proposal
from erp.finance.payments import queries as payments
from erp.finance.payments.commands import allocating, entering
from erp.finance.payments.commands.locking import lock, lock_customers
from erp.finance.payments.models import Payment
from erp.finance.payments.rules import Allocate, How, Share
from erp.finance.payments.schemas import PaymentBody


class LineIsAnother(Conflict):
    code = "statement-line-is-another"
    title = "The payment does not match the line"
    detail = "The line is {line}; the payment is {payment}."
    hint = "Choose the payment with the same direction, amount and currency; or assign the line to a customer."


class LineTaken(Conflict):
    code = "statement-line-taken"
    title = "Another line is assigned to that payment"
    hint = "GET /v1/bank-statements?payment_id=... shows that line."


async def accept(session: AsyncSession, line_id: UUID, actor: str) -> StatementLine:
    """Carry out the proposal of a line; without a customer it becomes an unassigned payment.

    Raises `NotFound`, `LineDecided`, and the errors of entering and allocating a payment.
    """
    line = await queries.line_for_update(session, line_id)
    line.must_be_undecided()
    proposal = Proposal.model_validate(line.proposal or {"why": Why.NOTHING})
    parts = tuple(Share(each.invoice_id, each.amount, How.HAND) for each in proposal.allocations)
    guess = Match(proposal.why, True, proposal.payment_id, proposal.customer_id, parts)
    return await _decided(session, line, await pay(session, line, guess, actor), actor)


async def assign(session: AsyncSession, line_id: UUID, body: LineAssignBody, actor: str) -> StatementLine:
    """Assign a line to a payment or a customer; a new payment is then allocated as requested.

    Raises `NotFound`, `LineDecided`, `LineIsAnother`, `LineTaken`, and the errors of entering and allocating.
    """
    line = await queries.line_for_update(session, line_id)
    line.must_be_undecided()
    if body.payment_id is not None:
        payment_id = await _known(session, line, body.payment_id)
    else:
        payment_id = (await _enter(session, line, body.customer_id, body.allocate, (), actor)).id
        if body.allocations:
            await allocating.allocate(session, payment_id, body.allocations, actor)
    return await _decided(session, line, payment_id, actor)


async def ignore(session: AsyncSession, line_id: UUID, reason: str | None, actor: str) -> StatementLine:
    """Mark a line as no payment of a customer: a fee, an internal transfer. Raises `NotFound`, `LineDecided`."""
    line = await queries.line_for_update(session, line_id)
    line.must_be_undecided()
    line.decide(LineState.IGNORED, actor, reason=reason)
    await session.flush()
    return line


async def pay(session: AsyncSession, line: StatementLine, guess: Match, actor: str) -> UUID:
    """The payment of a line by a match: a known one, or a new one."""
    if guess.payment_id is not None:
        return await _known(session, line, guess.payment_id)
    return (await _enter(session, line, guess.customer_id, Allocate.NONE, guess.shares, actor)).id


async def _decided(session: AsyncSession, line: StatementLine, payment_id: UUID, actor: str) -> StatementLine:
    line.decide(LineState.ACCEPTED, actor, payment_id)
    await session.flush()
    return line


async def _known(session: AsyncSession, line: StatementLine, payment_id: UUID) -> UUID:
    payment = await lock(session, payment_id)
    if payment.state == PaymentState.REVERSED or _says(payment) != _says(line):
        raise LineIsAnother(line=_says(line), payment=_says(payment), state=payment.state)
    if await queries.is_taken(session, payment_id):
        raise LineTaken(payment_id=payment_id)
    return payment_id


def _says(what: Payment | StatementLine) -> str:
    return f"{format(what.amount.normalize(), 'f')} {what.currency} {what.direction}"


async def _enter(
    session: AsyncSession,
    line: StatementLine,
    customer_id: UUID | None,
    how: Allocate,
    parts: Sequence[Share],
    actor: str,
) -> Payment:
    await lock_customers(session, [customer_id])
    body = PaymentBody(
        customer_id=customer_id,
        bank_account_id=line.bank_account_id,
        direction=Direction(line.direction),
        amount=line.amount,
        currency=line.currency,
        received_on=line.booked_on,
        reference=await _free_reference(session, line),
        note=line.remittance[:200].strip() or line.counterparty_name,
        allocate=how,
    )
    return await entering.enter(session, body, actor, parts)


async def _free_reference(session: AsyncSession, line: StatementLine) -> str | None:
    """The payer's reference if it is unused, else the bank's; payers use one reference for many payments."""
    for reference in (line.end_to_end_id, line.bank_reference):
        if reference and await payments.known(session, reference, line.direction, line.currency) is None:
            return reference
    return None
