"""Postings as tests need them."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from erp.ledger import commands
from erp.ledger.rules import Source
from sqlalchemy.ext.asyncio import AsyncSession

DAY = date(2026, 11, 22)
ALFREDS = UUID("01900000-0000-7000-8000-00000000000a")
AROUND = UUID("01900000-0000-7000-8000-00000000000b")


def money(text: str) -> Decimal:
    return Decimal(text)


async def invoiced(
    session: AsyncSession,
    net: str = "100.00",
    tax: str = "19.00",
    *,
    on: date = DAY,
    currency: str = "EUR",
    customer: UUID = ALFREDS,
    source: Source | None = None,
) -> UUID | None:
    """An invoice is posted."""
    return await commands.post(
        session,
        "invoice",
        on=on,
        currency=currency,
        amounts={"net": money(net), "tax": money(tax)},
        source=source or Source("invoice", uuid4()),
        actor="anna",
        party_id=customer,
    )


async def paid(session: AsyncSession, amount: str, *, on: date = DAY, customer: UUID = ALFREDS) -> UUID | None:
    """A payment of a customer is posted."""
    return await commands.post(
        session,
        "payment_in",
        on=on,
        currency="EUR",
        amounts={"amount": money(amount)},
        source=Source("payment", uuid4()),
        actor="anna",
        party_id=customer,
    )
