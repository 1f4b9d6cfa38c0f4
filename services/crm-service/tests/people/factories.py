"""Employees as the gateway delivers them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
from chassis.testing import brought, item


async def delivered(api: httpx.AsyncClient, kind: str, canonical_id: UUID, rev: int = 1, **groups: Any) -> str:
    """The local id of a record once these groups are delivered of it."""
    return await brought(api, kind, item(canonical_id, rev=rev, **groups))


async def employee(api: httpx.AsyncClient, name: str, **groups: Any) -> str:
    """The local id of an employee that the ERP has entered."""
    return await delivered(api, "employee", uuid4(), name=name, life="live", **groups)


async def team(api: httpx.AsyncClient, name: str, *members: str) -> str:
    """The local id of a team of these employees."""
    seats: dict[str, Any] = {f"member__{uuid4()}": {"employee": each} for each in members}
    return await delivered(api, "team", uuid4(), name=name, life="live", **seats)
