"""Settings that a tenant declares: JSON documents by name, each with a version for `If-Match`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from chassis.db import TENANT, JsonObject


class TenantSetting:
    """Columns of a service's table of declared documents."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text(TENANT))
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[JsonObject]
    version: Mapped[int]


async def read(session: AsyncSession, table: type[TenantSetting], name: str) -> tuple[JsonObject, int]:
    """The document and its version; an empty one of version 0 when the tenant has declared nothing."""
    row = await session.scalar(select(table).where(table.name == name))
    return (row.value, row.version) if row else ({}, 0)


async def declare(
    session: AsyncSession,
    table: type[TenantSetting],
    name: str,
    document: JsonObject,
    seen: Callable[[int, dict[str, Any]], None],
) -> int:
    """Store a document if the caller has `seen` the current one; returns its version. An unchanged document keeps its
    version."""
    row = await session.scalar(select(table).where(table.name == name).with_for_update())
    if row is None:
        row = table()
        row.name, row.value, row.version = name, document, 1
        session.add(row)
    else:
        seen(row.version, {"version": row.version, **row.value})
        row.version += row.value != document
        row.value = document
    await session.flush()
    return row.version
