"""Named reads of customers."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from erp.parties.customers.models import Customer


async def numbered(session: AsyncSession, number: str) -> Customer | None:
    """The customer with this number, archived or not."""
    statement = select(Customer).options(selectinload(Customer.entities)).where(Customer.number == number.upper())
    found: Customer | None = await session.scalar(statement)
    return found
