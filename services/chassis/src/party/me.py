"""The employee who calls: the one whose tokens have the subject of the request's token."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import access.me
from chassis.errors import Conflict
from fastapi import APIRouter
from saving import driver_of
from saving.tables import DIALECT
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession


class NoEmployee(Conflict):
    code = "no-employee"
    title = "The caller is not an employee"
    detail = "No employee has the subject of this token."
    hint = "Name one with `employee_id`, or enter the `sub` of the token as the `subject` of the employee."


async def employee_of(employee: Any, session: AsyncSession, subject: str) -> Any:
    """The row of the employee in use whose tokens have this subject; None when there is none."""
    return await session.scalar(_known(employee, employee).limit(1), {"subject": subject})


def employee_id_of(employee: Any) -> Callable[[AsyncSession, str], Awaitable[UUID | None]]:
    """Finds the id of the employee who calls."""
    known = str(_known(employee, employee.id).compile(dialect=DIALECT))

    async def found(session: AsyncSession, subject: str) -> UUID | None:
        async with driver_of(session) as driver:
            employee_id: UUID | None = await driver.fetchval(known, subject)
        return employee_id

    return found


def _known(employee: Any, wanted: Any) -> Select[Any]:
    known = select(wanted).where(employee.subject == bindparam("subject"), employee.archived_at.is_(None))
    return known.order_by(employee.hlc.desc())


def me_router(employee: Any) -> APIRouter:
    """`GET /v1/me` of a service, which keeps employees in this table."""
    return access.me.me_router(partial(employee_of, employee), tag="employees")
