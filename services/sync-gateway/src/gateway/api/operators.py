"""Operators of the hub for all tenants: their scope, and the data that only they may read."""

from typing import Annotated

from chassis.auth import Principal, authenticated
from chassis.db import Session
from fastapi import Depends
from sqlalchemy import text

OPERATE = "sync:operate"
SHOW = text("select set_config('app.operator', :operator, true)")


async def _show_messages_of_no_tenant(session: Session, caller: Annotated[Principal, Depends(authenticated)]) -> None:
    """Row-level security shows messages without a tenant only to a transaction with this setting."""
    await session.execute(SHOW, {"operator": "on" if OPERATE in caller.scopes else "off"})


SHOWN = Depends(_show_messages_of_no_tenant, scope="function")
"""For a route that reads the quarantine: an operator also reads messages without a tenant. List it after the scopes."""
