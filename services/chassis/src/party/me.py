"""Who is calling: the token's subject, and the employee whose tokens have it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal, requires
from chassis.db import Session
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession


class Myself(BaseModel):
    """The employee who calls."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    canonical_id: UUID | None
    name: str
    email: str | None


class Me(BaseModel):
    """Who is calling, and what the token permits."""

    subject: str
    tenant: UUID
    roles: list[str]
    scopes: list[str]
    employee: Myself | None = Field(description="The employee whose `subject` it is; null when there is none.")


async def employee_of(session: AsyncSession, employee: Any, subject: str) -> Any:
    """The row of the employee in use whose tokens have this subject; None when there is none."""
    known = select(employee).where(employee.subject == subject, employee.archived_at.is_(None))
    return await session.scalar(known.order_by(employee.hlc.desc()).limit(1))


def employee_id_of(employee: Any) -> Callable[[AsyncSession, str], Awaitable[UUID | None]]:
    """Finds the id of the employee who calls."""

    async def found(session: AsyncSession, subject: str) -> UUID | None:
        row = await employee_of(session, employee, subject)
        return row.id if row else None

    return found


def me_router(employee: Any) -> APIRouter:
    """`GET /v1/me` of a service, which keeps employees in this table."""
    router = APIRouter(prefix="/v1/me", tags=["employees"])

    @router.get("")
    async def read_me(session: Session, caller: Annotated[Principal, requires("employees:read")]) -> Me:
        """Who is calling: the subject, roles and scopes of the token, and the employee whose `subject` it is."""
        row = await employee_of(session, employee, caller.subject)
        return Me(
            subject=caller.subject,
            tenant=caller.tenant,
            roles=sorted(caller.roles),
            scopes=sorted(caller.scopes),
            employee=Myself.model_validate(row) if row else None,
        )

    return router
