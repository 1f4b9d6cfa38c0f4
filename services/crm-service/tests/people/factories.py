"""Employees as the gateway delivers them."""

from typing import Any
from uuid import UUID, uuid4

import httpx


async def delivered(api: httpx.AsyncClient, kind: str, canonical_id: UUID, rev: int = 1, **groups: Any) -> str:
    """The local id of a record once these groups are delivered of it."""
    values = [{"group": group.replace("__", ":"), "value": value, "rev": rev} for group, value in groups.items()]
    items = [{"canonical_id": str(canonical_id), "hlc": 1, "groups": values}]
    (outcome,) = (await api.post(f"/replication/v1/{kind}", json={"items": items})).json()["items"]
    assert outcome["outcome"] == "applied", outcome
    return str(outcome["local_id"])


async def employee(api: httpx.AsyncClient, name: str, **groups: Any) -> str:
    """The local id of an employee that the ERP has entered."""
    return await delivered(api, "employee", uuid4(), name=name, life="live", **groups)
