"""HTTP of deliveries."""

from typing import Annotated

from chassis import clock
from chassis.audit import audited
from chassis.auth import requires
from chassis.db import Session
from chassis.pages import Page, Paging
from chassis.preconditions import IdempotentRoute
from fastapi import APIRouter, Body, Query

from gateway.api.deliveries import queries
from gateway.api.deliveries.schemas import DeliveryFilters, DeliveryOut, Retried, Retry
from gateway.api.systems.queries import check_system
from gateway.resolve.retry import retry
from gateway.store.due import Held

router = APIRouter(tags=["deliveries"], route_class=IdempotentRoute)


@router.get("/v1/deliveries", dependencies=[requires("sync:read")])
async def list_deliveries(
    session: Session, paging: Paging, filters: Annotated[DeliveryFilters, Query()]
) -> Page[DeliveryOut]:
    """Deliveries that are not acknowledged, the oldest first, with the full reason. They do not block other
    deliveries."""
    return await paging.page(
        session, queries.search(filters), queries.ORDERS, lambda row: DeliveryOut.of(row.Delivery, row.Record)
    )


@router.post("/v1/deliveries:retry", dependencies=[requires("sync:write"), audited])
async def retry_deliveries(session: Session, body: Annotated[Retry | None, Body()] = None) -> Retried:
    """Retry refused deliveries now, and check waiting ones again."""
    wanted = body or Retry()
    if wanted.system is not None:
        await check_system(session, wanted.system)
    held = Held(wanted.system, wanted.kind, wanted.canonical_ids)
    done = await retry(session, held, clock.now())
    return Retried(retried=done.retried, remaining=done.remaining)
