"""Who runs the hub for all tenants: the scope of operators, and what only they see."""

from typing import Annotated

from chassis.auth import Principal, authenticated
from chassis.db import Session
from fastapi import Depends
from sqlalchemy import text

OPERATE = "sync:operate"
SHOW = text("select set_config('app.operator', :operator, true)")


async def _show_messages_of_no_tenant(session: Session, caller: Annotated[Principal, Depends(authenticated)]) -> None:
    """Row-level security shows messages without a tenant to a transaction that says so."""
    await session.execute(SHOW, {"operator": "on" if OPERATE in caller.scopes else "off"})


SHOWN = Depends(_show_messages_of_no_tenant, scope="function")
"""Of a route that reads the quarantine: an operator sees messages without a tenant too. Name it after the scopes."""
