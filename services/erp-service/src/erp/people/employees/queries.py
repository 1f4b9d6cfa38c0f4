"""Named reads of employees."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from erp.people.employees.models import Employee

ALONE = text("select pg_advisory_xact_lock(hashtextextended('managers:' || current_setting('app.tenant'), 0))")


async def of_subject(session: AsyncSession, subject: str) -> Employee | None:
    """The employee, archived or not, whose tokens have this `sub`."""
    found: Employee | None = await session.scalar(select(Employee).where(Employee.subject == subject))
    return found


async def above(session: AsyncSession, employee_id: UUID) -> list[UUID]:
    """An employee and all its managers, directly or indirectly.

    Locks until the end of the transaction: two concurrent changes could create a cycle that neither sees.
    """
    await session.execute(ALONE)
    chain = select(Employee.id, Employee.manager_id).where(Employee.id == employee_id).cte(recursive=True)
    chain = chain.union(select(Employee.id, Employee.manager_id).join(chain, Employee.id == chain.c.manager_id))
    return list(await session.scalars(select(chain.c.id)))
