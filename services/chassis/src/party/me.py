"""The employee who calls: the one whose tokens have the subject of the request's token."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import access.me
from fastapi import APIRouter
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession


async def employee_of(employee: Any, session: AsyncSession, subject: str) -> Any:
    """The row of the employee in use whose tokens have this subject; None when there is none."""
    return await session.scalar(_known(employee, employee), {"subject": subject})


def employee_id_of(employee: Any) -> Callable[[AsyncSession, str], Awaitable[UUID | None]]:
    """Finds the id of the employee who calls."""
    known = _known(employee, employee.id)

    async def found(session: AsyncSession, subject: str) -> UUID | None:
        employee_id: UUID | None = await session.scalar(known, {"subject": subject})
        return employee_id

    return found


def _known(employee: Any, wanted: Any) -> Select[Any]:
    known = select(wanted).where(employee.subject == bindparam("subject"), employee.archived_at.is_(None))
    return known.order_by(employee.hlc.desc()).limit(1)


def me_router(employee: Any) -> APIRouter:
    """`GET /v1/me` of a service, which keeps employees in this table."""
    return access.me.me_router(partial(employee_of, employee), tag="employees")
