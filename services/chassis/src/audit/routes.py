"""HTTP of the audit log."""

from typing import Annotated

from chassis.auth import requires
from chassis.db import Session
from chassis.pages import Page, Paging
from fastapi import APIRouter, Query

from audit import queries
from audit.schemas import AuditEntryOut, AuditFilters

router = APIRouter(prefix="/v1/audit-log", tags=["audit"])


@router.get("", dependencies=[requires("audit:read")])
async def list_audit_log(
    session: Session, paging: Paging, filters: Annotated[AuditFilters, Query()]
) -> Page[AuditEntryOut]:
    """Who signed in, saw long lists, exported, changed rights and operated the service: the newest first.

    Entries cannot be changed or removed; `python -m <service> audit verify` verifies their chain.
    """
    return await paging.page(session, queries.search(filters), queries.ORDERS, AuditEntryOut.of)
