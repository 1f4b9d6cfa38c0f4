"""HTTP of the gateway, one file per subject."""

from chassis.auth import public
from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from gateway.routes import decisions, deliveries, mending, policies, quarantine, records, systems

front = APIRouter(dependencies=[public], include_in_schema=False)


@front.get("/")
async def front_door() -> RedirectResponse:
    return RedirectResponse("/docs")


routers: list[APIRouter] = [
    systems.router,
    records.router,
    decisions.router,
    decisions.conflicts,
    deliveries.router,
    quarantine.router,
    mending.router,
    policies.router,
    front,
]
