"""Tenants that an operator has suspended. A tenant without a row is active."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth import Principal
from chassis.db import Base
from chassis.errors import Forbidden
from contracts.roles import OF_MACHINES
from sqlalchemy import ColumnElement, Text, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column


class TenantSuspended(Forbidden):
    code = "tenant-suspended"
    title = "The tenant is suspended"
    detail = "An operator has suspended it on {since}: {reason}"
    hint = "Ask the operator of this installation. No data is lost."


class Tenant(Base):
    """What an operator has done with a tenant on the command line."""

    __tablename__ = "tenants"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    exported_at: Mapped[datetime | None]


async def check_active(session: AsyncSession, caller: Principal) -> None:
    """Raises `TenantSuspended`, except for deliveries: the gateway would take the whole system for unavailable."""
    if caller.scopes and caller.scopes <= OF_MACHINES:
        return
    row = await session.scalar(select(Tenant).where(Tenant.suspended_at.is_not(None)))
    if row is not None and row.suspended_at is not None:
        raise TenantSuspended(since=row.suspended_at.date().isoformat(), reason=row.reason)


def is_suspended(tenant_id: Any) -> ColumnElement[bool]:
    """The condition that the tenant of a row is suspended, for the worker."""
    return exists().where(Tenant.tenant_id == tenant_id, Tenant.suspended_at.is_not(None))
